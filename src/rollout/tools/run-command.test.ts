import { describe, expect, it } from "vitest";
import { runnerDeps, toolRun } from "../../../test/support/tools/tool-run.ts";
import { VirtualClock } from "../../../test/support/simulation/virtual-clock.ts";
import type { ExecResult, SandboxSession } from "../../sandbox/port.ts";
import { unionMs } from "../agent-time.ts";
import { runCommand } from "./run-command.ts";

const END = {
  exitCode: 0,
  signal: "",
  timedOut: false,
  outOfMemory: false,
  truncatedBytes: 0,
  invalidBytes: 0,
};

/** A session in which each command has run for four seconds, perhaps for an earlier asking. */
function sessionOf(replayed: boolean): SandboxSession {
  const result: ExecResult = { ...END, stdout: "out", stderr: "", durationMs: 4000, replayed };
  return { exec: async () => result } as unknown as SandboxSession;
}

describe("the time of a command", () => {
  it("counts once for calls that ran in parallel, when one of them is asked for again after a takeover", async () => {
    const clock = new VirtualClock();
    const calledAtMs = clock.nowMs();
    const call = { ...toolRun("shell", {}).call, calledAtMs };
    const ask = async (replayed: boolean) => {
      const run = toolRun("shell", {}, { call });
      const command = { timeoutSeconds: 60, exec: { argv: ["true"] }, run, session: sessionOf(replayed) };
      return { ...call, returned: await runCommand(command, runnerDeps({ clock })) };
    };
    const before = await ask(false);
    await clock.run(clock.sleep(60_000), 100_000);
    expect(unionMs([before, await ask(true)])).toBe(4000);
    expect(unionMs([before, await ask(false)])).toBe(8000);
  });
});
