/** How many numbers there are, and what they are like. All null for none. */
export interface NumberSummary {
  readonly n: number;
  readonly mean: number | null;
  /** Population standard deviation. */
  readonly stddev: number | null;
  readonly min: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
}

/** Describes numbers. */
export function describeNumbers(values: readonly number[]): NumberSummary {
  const n = values.length;
  if (n === 0) return { n, mean: null, stddev: null, min: null, p50: null, p95: null, max: null };
  const sorted = values.toSorted((a, b) => a - b);
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n;
  return {
    n,
    mean,
    stddev: Math.sqrt(variance),
    min: sorted[0] ?? null,
    p50: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    max: sorted.at(-1) ?? null,
  };
}

/** The smallest value that at least the share `q` of the sorted values does not exceed (nearest rank). */
function quantile(sorted: readonly number[], q: number): number | null {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null;
}
