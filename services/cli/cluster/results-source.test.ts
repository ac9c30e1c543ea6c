import { describe, expect, it } from "vitest";
import { resultsPath, resultsSource } from "./results-source.ts";

describe("resultsSource", () => {
  it.each([
    ["math", undefined, "namespaces/team/jobs/math/results"],
    ["rj/math", undefined, "namespaces/team/jobs/math/results"],
    [undefined, "math", "namespaces/team/environments/math/results"],
    [undefined, "renv/math", "namespaces/team/environments/math/results"],
  ])("finds what job %s and environment %s name", (job, environment, path) => {
    expect(resultsPath("team", resultsSource(job, environment))).toBe(path);
  });

  it.each([
    ["math", "math", "Give a RolloutJob or --env NAME, not both."],
    [undefined, undefined, "Name a RolloutJob, or an Environment by --env NAME."],
    [undefined, "a/b", "a/b is no name of an Environment."],
    [
      "runs/math",
      undefined,
      "runs/math is no name of a RolloutJob. A run folder is read by rollyard list, show and report.",
    ],
  ])("refuses job %s with environment %s", (job, environment, message) => {
    expect(() => resultsSource(job, environment)).toThrow(
      expect.objectContaining({ code: "bad_input", message }),
    );
  });
});
