import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { assertNever } from "../lib/assert-never.ts";
import type { SandboxSession } from "../sandbox/port.ts";
import type { AgentSetup } from "./agent-setup.ts";
import { compareOutputs } from "./compare-outputs.ts";
import type { Recovery } from "./recovery.ts";
import { toolRunOf } from "./run-calls.ts";
import { runInLanes } from "./run-in-lanes.ts";
import type { AttemptState, CallState } from "./state.ts";

/** A turn's calls, to run again in a new sandbox of their attempt. */
export interface ReplayRound {
  readonly attempt: AttemptState;
  readonly setup: Pick<AgentSetup, "limits" | "runTool">;
  readonly recovery: Extract<Recovery, { kind: "replay" }>;
  readonly calls: readonly CallState[];
  readonly session: SandboxSession;
  readonly signal: AbortSignal;
}

/**
 * Runs a turn's recorded calls again, in parallel as they ran the first time, and records nothing of them: what the
 * model saw stays. Each is bounded by its tool's own timeout, whatever is left of the agent's time, for recovery is not
 * the agent's. Resolves with the first failure, or null when all outputs are equal; one that is not is
 * `replay_diverged`.
 */
export function replayCalls(round: ReplayRound): Promise<RollyardError | null> {
  const { attempt, setup, calls, session, recovery } = round;
  const remainingMs = setup.limits.agentSeconds * 1000;
  return runInLanes(calls, round.signal, async (call, signal) => {
    try {
      const again = await setup.runTool(toolRunOf(attempt, call, { session, remainingMs, signal }));
      return call.returned === null ? null : judge(call, compareOutputs(call.returned, again, recovery.mask));
    } catch (error) {
      return toRollyardError(error);
    }
  });
}

function judge(call: CallState, verdict: ReturnType<typeof compareOutputs>): RollyardError | null {
  switch (verdict) {
    case "equal":
      return null;
    case "different":
    case "mask_too_slow": {
      const { turn, index, name } = call;
      return new RollyardError("replay_diverged", { details: { turn, index, tool: name, outputs: verdict } });
    }
    default:
      return assertNever(verdict);
  }
}
