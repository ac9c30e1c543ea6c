import type { SandboxLeased, SandboxReplayed } from "../gen/rollyard/v1/events_pb.ts";
import type { AttemptState } from "./state.ts";

/**
 * The attempt after a lease. A sandbox other than the one before knows nothing of the turns so far: their calls run
 * again in it before anything else does.
 */
export function withLease(attempt: AttemptState, leased: SandboxLeased): AttemptState {
  const { sandboxUid, generation, waitedMs } = leased;
  const source = leased.source === "warm" ? "warm" : "cold";
  const last = attempt.sandboxes.at(-1);
  const isAnother = last !== undefined && last.sandboxUid !== sandboxUid;
  return {
    ...attempt,
    sandboxes: [...attempt.sandboxes, { sandboxUid, generation, source, waitedMs }],
    replay: isAnother ? { nextTurn: 0, endTurn: attempt.turns.length, calls: 0 } : attempt.replay,
  };
}

/** The attempt after a turn's calls ran again; null when no replay has come to this turn. */
export function withReplayedTurn(
  attempt: AttemptState,
  { turn, calls }: Pick<SandboxReplayed, "turn" | "calls">,
): AttemptState | null {
  const { replay } = attempt;
  if (replay === null || turn < replay.nextTurn || turn >= replay.endTurn) return null;
  return { ...attempt, replay: { ...replay, nextTurn: turn + 1, calls: replay.calls + calls } };
}
