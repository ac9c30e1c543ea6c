const LONGEST_MS = 5000;
const SHORTEST_MS = 250;
/** Messages that a look should bring: many at once hold up what else the process does, such as a gateway's answers. */
const MESSAGES_A_LOOK = 100;

/** What the last look at traces brought. */
export interface SweepLook {
  /** Messages that were new. */
  readonly messages: number;
  /** Time since the look before, in milliseconds. */
  readonly sinceMs: number;
}

/** Time until the next look, in milliseconds; `last` is null before the first. A trace may be idle for `idleMs`. */
export function sweepPauseMs(last: SweepLook | null, idleMs: number): number {
  const wishedMs = last === null ? LONGEST_MS : (last.sinceMs * MESSAGES_A_LOOK) / Math.max(1, last.messages);
  return Math.max(SHORTEST_MS, Math.min(wishedMs, LONGEST_MS, idleMs / 4));
}
