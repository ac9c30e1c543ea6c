import { onRelayedSignal } from "../relayed-signals.ts";
import { stopRequests } from "../run/interrupt.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Turns the first request to stop into an abort; the second ends the process at once. */
export function stopOnSignals(): { readonly signal: AbortSignal; stop(): void } {
  const first = new AbortController();
  const counts = { own: 0, relayed: 0 };
  const look = (): void => {
    if (stopRequests(counts) > 1) process.exit(130);
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
      // What a launcher tells late of the signal that stopped it must not end it before its end is written.
      if (first.signal.aborted) return;
      for (const name of SIGNALS) process.off(name, onSignal);
      stopListening();
    },
  };
}
