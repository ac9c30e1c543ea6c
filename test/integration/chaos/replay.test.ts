import { describe, expect, it } from "vitest";
import { FINDING_KINDS } from "../../chaos/checker/finding.ts";
import type { StormFigures } from "../../chaos/report-storm.ts";
import { runChaos } from "../../support/chaos/run-chaos.ts";
import { sandboxKind } from "../../support/chaos/sandbox-kind.ts";

describe("a job whose machines go with their sandboxes", () => {
  it(
    "goes on in new ones by replay, and samples no turn and runs no tool twice",
    { timeout: 180_000 },
    async () => {
      const { stdout, stderr, code } = await runChaos([
        ...["--recovery", "replay", "--strikes", "kill-node", "--apart", "6", "--most", "4"],
        ...["--rollouts", "80", "--parallelism", "32", "--seed", "6", "--ack-wait", "3"],
        ...["--sandboxes", await sandboxKind(), "--json"],
      ]);
      const figures = JSON.parse(stdout || "{}") as Partial<StormFigures>;
      const findings = Object.fromEntries(FINDING_KINDS.map((kind) => [kind, 0]));
      expect({ code, stderr, ...figures }).toMatchObject({ code: 0, findings, failedRollouts: 0 });
      expect(figures.replayedTurns).toBeGreaterThan(0);
    },
  );
});
