import { describe, expect, it } from "vitest";
import { aFailure, aSample } from "../../test/support/trajectory/sample-run.ts";
import { whyNotRegraded } from "./why-not-regraded.ts";

const here = { hasTrajectory: true, needsAgentFiles: false };

describe("whyNotRegraded", () => {
  it("lets through what stopped, with a reward or without", () => {
    expect(whyNotRegraded({ result: aSample(), ...here })).toBeNull();
    const ungraded = aFailure({
      failure_class: "grader",
      failure_code: "grader_failed",
      stop_reason: "max_turns",
    });
    expect(whyNotRegraded({ result: ungraded, ...here })).toBeNull();
  });

  it("leaves an attempt that never stopped its own failure", () => {
    expect(whyNotRegraded({ result: aFailure(), ...here })).toEqual({
      failureClass: "sandbox",
      code: "sandbox_lost",
      cause: "The sandbox was lost.",
      evidence: { reason: "Evicted" },
    });
  });

  it("says what is missing, each with a class of its own code", () => {
    const missing = whyNotRegraded({ result: aSample(), ...here, hasTrajectory: false });
    expect(missing).toMatchObject({ failureClass: "grader", code: "trajectory_missing" });
    const gone = whyNotRegraded({ result: aSample(), ...here, needsAgentFiles: true });
    expect(gone).toMatchObject({ failureClass: "grader", code: "sandbox_files_gone" });
  });

  it("bears a failure of a version that it does not know", () => {
    const newer = aFailure({ failure_code: "sandbox_melted" });
    expect(whyNotRegraded({ result: newer, ...here })).toMatchObject({ code: "trajectory_missing" });
  });
});
