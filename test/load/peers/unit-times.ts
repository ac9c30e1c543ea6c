/** How long units took from their request until they were ready. Milliseconds; the smallest value that so many do not exceed. */
export interface UnitTimes {
  readonly units: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Describes the times. Throws for none: then nothing was measured. */
export function unitTimes(waitedMs: readonly number[]): UnitTimes {
  const sorted = waitedMs.toSorted((left, right) => left - right);
  const at = (share: number): number => {
    const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
    if (value === undefined) throw new Error("no unit was measured");
    return value;
  };
  return { units: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
