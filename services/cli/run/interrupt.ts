import type { CliIo } from "../cli-io.ts";
import { onRelayedSignal } from "../relayed-signals.ts";

/** The two signals that a user or a service manager ends a run with. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** How often one of them came: to this process, and to its launcher, which tells of it. */
interface SignalCounts {
  readonly own: number;
  readonly relayed: number;
}

/**
 * How often the run was told to stop. Those sent to the whole process group, as a terminal sends them, come both ways; those
 * sent to the launcher alone one way only.
 */
export function stopRequests({ own, relayed }: SignalCounts): number {
  return own > 0 ? own : relayed;
}

/** What a command that can be stopped listens with. */
export interface StopListener {
  /** Aborts with the first request to stop. */
  readonly signal: AbortSignal;
  stop(): void;
}

/**
 * Turns the first request to stop into an abort: the run stops in good order and can be resumed. The second ends the process
 * at once with 130; what was recorded is kept, and child processes end with their parent. `what` says what becomes of what is
 * under way.
 */
export function interruptOnSignals(
  io: CliIo,
  what = "rollouts under way are given up, and run again on resume",
): StopListener {
  return stopOnSignals(() => io.stderr(`\nstopping: ${what}; again to stop at once\n`));
}

/** Turns the first request to stop into an abort, after `onFirst`; the second ends the process at once. */
export function stopOnSignals(onFirst?: () => void): StopListener {
  const first = new AbortController();
  const counts = { own: 0, relayed: 0 };
  const look = (): void => {
    if (stopRequests(counts) > 1) process.exit(130);
    if (first.signal.aborted) return;
    onFirst?.();
    first.abort();
  };
  const onSignal = (): void => {
    counts.own += 1;
    look();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  const stopListening = onRelayedSignal((signal) => {
    if (signal === "SIGHUP") return;
    counts.relayed += 1;
    look();
  });
  return {
    signal: first.signal,
    stop: () => {
      // A run that was told to stop is on its way out: what its launcher tells of the same signal may still come, and must not end it.
      if (first.signal.aborted) return;
      for (const name of SIGNALS) process.off(name, onSignal);
      stopListening();
    },
  };
}
