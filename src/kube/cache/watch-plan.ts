/** How a watch ended. */
export type WatchEnd =
  /** The server ended it in good order, as it does when the time that we asked for is over. */
  | { readonly kind: "ended"; readonly events: number; readonly livedMs: number }
  /** The server no longer knows the version from which we wanted to go on (410). */
  | { readonly kind: "gone" }
  /** The connection broke or went silent, or the server answered something else. */
  | { readonly kind: "failed"; readonly events: number };

/** What a reflector does next. */
export interface WatchPlan {
  /** Whether everything has to be listed again. */
  readonly relist: boolean;
  readonly pauseMs: number;
  /** Failures one after the other, this one included. */
  readonly failures: number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A server that ends watches faster than this, without an event, is in trouble: asking at once would hurt it. */
const SHORT_LIFE_MS = 1000;

/** Decides what follows the end of a watch. `random` in [0, 1) spreads the clients that lost the same server. */
export function planAfterWatch(end: WatchEnd, failures: number, random: number): WatchPlan {
  switch (end.kind) {
    case "gone":
      return {
        relist: true,
        pauseMs: failures === 0 ? 0 : pauseAfter(failures, random),
        failures: failures + 1,
      };
    case "ended":
      if (end.events > 0 || end.livedMs >= SHORT_LIFE_MS) return { relist: false, pauseMs: 0, failures: 0 };
      return afterFailure(failures + 1, random);
    case "failed":
      return afterFailure(end.events > 0 ? 1 : failures + 1, random);
    default:
      return end satisfies never;
  }
}

/** The pause after so many failures, one after the other: doubled each time, less up to a half. */
export function pauseAfter(failures: number, random: number): number {
  const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1));
  return full * (1 - random / 2);
}

function afterFailure(failures: number, random: number): WatchPlan {
  return { relist: false, pauseMs: pauseAfter(failures, random), failures };
}
