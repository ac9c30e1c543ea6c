import { describe, expect, it } from "vitest";
import { runChaos } from "../../support/chaos/run-chaos.ts";

/** What the run prints as JSON, as far as it is looked at. */
interface Printed {
  readonly skipped?: string;
  readonly acts?: readonly unknown[];
  readonly findings?: number;
}

describe("a job whose disks fill up", () => {
  it(
    "waits and says so, goes on once there is room, and loses and doubles nothing",
    { timeout: 120_000 },
    async ({ skip }) => {
      const size = ["--rollouts", "240", "--parallelism", "32", "--ack-wait", "3", "--strikes", "none"];
      const { stdout, stderr, code } = await runChaos(["full-disk", ...size, "--json"]);
      const printed = JSON.parse(stdout || "{}") as Printed;
      skip(printed.skipped !== undefined, printed.skipped ?? "");
      expect({ code, stderr, ...printed }).toMatchObject({
        code: 0,
        acts: [
          { act: "disk of the server", isRight: true, needsRestart: true },
          { act: "disk of the results", isRight: true },
        ],
        findings: 0,
      });
    },
  );
});
