/** Bounds of the pauses between tries at one thing. */
export interface BackoffBounds {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** The pause after a thing has failed so many times in a row: doubled each time. */
export function backoffMs(failures: number, { firstMs, longestMs }: BackoffBounds): number {
  return Math.min(longestMs, firstMs * 2 ** Math.max(0, Math.min(failures - 1, 40)));
}
