import type { Recovery } from "./recovery.ts";
import type { AttemptState, CallState, TurnState } from "./state.ts";

/** Calls of a turn that run again before those of later turns. */
export interface TurnReplay {
  readonly turn: number;
  /** Empty when nothing of the turns that are left ran in the sandbox. */
  readonly calls: readonly CallState[];
}

/**
 * The next turn whose calls run again in the attempt's new sandbox, or null when the sandbox has what the log says.
 * Calls that had not returned are not among them: they run for the first time, after the replay. Neither are those
 * that were refused before anything ran, nor those of tools that are somewhere else.
 */
export function nextReplay(attempt: AttemptState, recovery: Recovery): TurnReplay | null {
  if (attempt.replay === null || recovery.kind !== "replay") return null;
  const { nextTurn, endTurn } = attempt.replay;
  const left = attempt.turns.slice(nextTurn, endTurn);
  const found = left.find((turn) => callsInSandbox(turn, recovery).length > 0) ?? left.at(-1);
  return found === undefined ? null : { turn: found.turn, calls: callsInSandbox(found, recovery) };
}

function callsInSandbox(
  { calls }: TurnState,
  { runsInSandbox }: Extract<Recovery, { kind: "replay" }>,
): readonly CallState[] {
  return calls.filter(
    ({ name, returned }) => returned !== null && returned.result !== "rejected" && runsInSandbox(name),
  );
}
