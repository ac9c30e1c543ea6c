import { describe, expect, it } from "vitest";
import { FINDING_KINDS } from "../../chaos/checker/finding.ts";
import type { StormFigures } from "../../chaos/report-storm.ts";
import { runChaos } from "../../support/chaos/run-chaos.ts";
import { sandboxKind } from "../../support/chaos/sandbox-kind.ts";

/** The strikes of which a short run takes all, in the order that its seed says. */
const STRIKES = [
  "kill-worker",
  "kill-grader",
  "kill-controller",
  "kill-server",
  "kill-supervisor",
  "kill-sandboxd",
  "pause-worker",
  "pause-server",
  "cut",
  "half-open",
  "cut-at-point",
  "kill-at-point",
  "kill-server-at-point",
  "full-stream",
  "model-throttles",
  "grader-refuses",
];
const NOTHING_FOUND = Object.fromEntries(FINDING_KINDS.map((kind) => [kind, 0]));

describe("a short storm", () => {
  it("loses, doubles and invents nothing, and leaves nothing behind", { timeout: 180_000 }, async () => {
    const { stdout, stderr, code } = await runChaos([
      ...[
        "--rollouts",
        "110",
        "--parallelism",
        "48",
        "--seed",
        "5",
        "--ack-wait",
        "4",
        "--apart",
        "3",
        "--most",
        "24",
      ],
      ...["--strikes", STRIKES.join(","), "--sandboxes", await sandboxKind(), "--json"],
    ]);
    const figures = JSON.parse(stdout || "{}") as Partial<StormFigures>;
    expect({ code, stderr, found: figures.found }).toEqual({ code: 0, stderr: "", found: [] });
    expect(figures.findings).toEqual(NOTHING_FOUND);
    expect(figures.rollouts).toBe(112);
    expect(Object.keys(figures.strikes ?? {}).length).toBeGreaterThan(STRIKES.length / 2);
    expect(figures.failedRollouts).toBe(0);
  });

  it("names an option that it does not know, with exit code 2", async () => {
    const { stderr, code } = await runChaos(["--rolouts", "3"]);
    expect({ code, names: stderr.includes("--rolouts"), helps: stderr.includes("Usage:") }).toEqual({
      code: 2,
      names: true,
      helps: true,
    });
  });
});
