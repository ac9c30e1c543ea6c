import type { RollyardError } from "../errors/rollyard-error.ts";
import { JoinedAbort } from "../lib/joined-abort.ts";
import type { CallState } from "./state.ts";

/** Most calls of one turn that run at a time; sandboxd takes 64. */
const MAX_PARALLEL_CALLS = 32;

/**
 * Runs the calls of a turn in parallel. Resolves with the first failure, after which the others are given up by their
 * signal, or null when all went well. `run` never rejects.
 */
export async function runInLanes(
  calls: readonly CallState[],
  signal: AbortSignal,
  run: (call: CallState, signal: AbortSignal) => Promise<RollyardError | null>,
): Promise<RollyardError | null> {
  const waiting = [...calls];
  const stop = new JoinedAbort(signal);
  let failure: RollyardError | null = null;
  const lane = async (): Promise<void> => {
    for (let call = waiting.shift(); call !== undefined && failure === null; call = waiting.shift()) {
      const error = await run(call, stop.signal);
      if (error === null || failure !== null) continue;
      failure = error;
      // The turn can't be completed any more: what still runs is given up.
      stop.abort();
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_PARALLEL_CALLS, waiting.length) }, lane));
  stop.release();
  return failure;
}
