import { describe, expect, it } from "vitest";
import { startError } from "./start-error.ts";

describe("startError", () => {
  it("keeps what a setup command wrote out of everything that is recorded", () => {
    const error = startError({ reason: "setup_failed", detail: "CANARY", exitCode: 4, stderr: "CANARY" });
    expect(error).toMatchObject({ code: "sandbox_setup_failed", details: { exit_code: 4 } });
    expect(JSON.stringify([error.message, error.details])).not.toContain("CANARY");
    expect(error.cause).toEqual(new Error("CANARY"));
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
