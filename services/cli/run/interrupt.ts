import type { CliIo } from "../cli-io.ts";

/** The two signals that a user or a service manager ends a run with. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Turns the first signal into an abort: the run stops in good order and can be resumed. The second ends the process at
 * once with 130; what was recorded is kept, and child processes end with their parent.
 */
export function interruptOnSignals(io: CliIo): { readonly signal: AbortSignal; stop(): void } {
  const first = new AbortController();
  const onSignal = (): void => {
    if (first.signal.aborted) process.exit(130);
    io.stderr(
      "\nstopping: rollouts under way are given up, and run again on resume; again to stop at once\n",
    );
    first.abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: first.signal,
    stop: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
