import { describe, expect, it } from "vitest";
import { failureRecord } from "../../rollout/failure-record.ts";
import { startError } from "./start-error.ts";

describe("startError", () => {
  it("keeps what a setup command wrote for the records, out of all that reaches a log", () => {
    const error = startError({ reason: "setup_failed", detail: "CANARY\n", exitCode: 4, stderr: "CANARY" });
    expect(error).toMatchObject({ code: "sandbox_setup_failed", details: { exit_code: 4 } });
    expect(JSON.stringify([error.message, error.details])).not.toContain("CANARY");
    expect(error.cause).toEqual(new Error("CANARY\n"));
    expect(failureRecord(error).evidence).toEqual({ exit_code: "4", setup_output: "CANARY" });
  });

  it("keeps the end of a long output", () => {
    const detail = `${"x".repeat(9000)} told why`;
    const { setupOutput } = startError({ reason: "setup_failed", detail, exitCode: 4, stderr: "" });
    expect(setupOutput).toHaveLength(2000);
    expect(setupOutput).toMatch(/ told why$/u);
  });

  it("says what the isolating program said", () => {
    const stderr = '{"level":"INFO"}\nbwrap: Creating new namespace failed\nmore';
    expect(startError({ reason: "exited", detail: "", exitCode: 1, stderr })).toMatchObject({
      code: "sandbox_start_failed",
      message: "The sandbox did not start: bwrap: Creating new namespace failed",
      details: { reason: "exited", exit_code: 1 },
    });
  });
});
