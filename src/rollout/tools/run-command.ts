import type { RenderedExec } from "../../environment/exec-tool.ts";
import type { SandboxSession } from "../../sandbox/port.ts";
import type { ToolRun } from "../agent-setup.ts";
import type { CallReturn } from "../state.ts";
import { execReturn } from "./call-return.ts";
import type { ToolRunnerDeps } from "./tool-runner-deps.ts";

/** A command of a call, ready to run. */
export interface CommandRun {
  readonly timeoutSeconds: number;
  readonly exec: Pick<RenderedExec, "argv"> & Partial<RenderedExec>;
  readonly run: ToolRun;
  readonly session: SandboxSession;
}

/** Longest timeout that sandboxd takes. */
const MAX_TIMEOUT_MS = 86_400_000;
/** Most output that sandboxd keeps. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Runs a command in the sandbox, once for its call id. Rejects as {@link SandboxSession} does. */
export async function runCommand(command: CommandRun, deps: ToolRunnerDeps): Promise<CallReturn> {
  const { timeoutSeconds, exec, run, session } = command;
  const wantedMs = Math.min(timeoutSeconds * 1000, run.remainingMs, MAX_TIMEOUT_MS);
  const timeoutMs = Math.max(1, Math.floor(wantedMs));
  const startedAtMs = deps.clock.nowMs();
  const result = await session.exec(
    {
      ...exec,
      callId: run.callId,
      timeoutMs,
      maxOutputBytes: Math.min(deps.outputBytes, MAX_OUTPUT_BYTES),
    },
    run.signal,
  );
  // A stored answer's command ran when it was first asked for: our own takeover is no time of the agent.
  const ranAtMs = result.replayed ? run.call.calledAtMs : startedAtMs;
  return execReturn(result, { outputBytes: deps.outputBytes, timeoutMs }, ranAtMs);
}
