/** How two orders of the same things agree: 1 the same, 0 not at all, -1 reversed. */
export interface RankCorrelation {
  /** Pearson's correlation of mid-ranks (Spearman's rho). */
  readonly spearman: number | null;
  /** Kendall's tau-b, which allows for ties. */
  readonly kendall: number | null;
}

/** Two numbers of one thing. */
export type Pair = readonly [number, number];

/** Both are null for fewer than two pairs, and where all numbers of a side are the same: there is no order then. */
export function rankCorrelation(pairs: readonly Pair[]): RankCorrelation {
  return { spearman: spearman(pairs), kendall: kendall(pairs) };
}

function spearman(pairs: readonly Pair[]): number | null {
  const left = midRanks(pairs.map(([value]) => value));
  const right = midRanks(pairs.map(([, value]) => value));
  const middle = (pairs.length + 1) / 2;
  const sum = (of: (index: number) => number): number =>
    left.reduce((total, _rank, index) => total + of(index), 0);
  const leftOf = (index: number): number => (left[index] ?? 0) - middle;
  const rightOf = (index: number): number => (right[index] ?? 0) - middle;
  const spread = Math.sqrt(sum((i) => leftOf(i) ** 2) * sum((i) => rightOf(i) ** 2));
  return spread === 0 ? null : bounded(sum((i) => leftOf(i) * rightOf(i)) / spread);
}

/** Ranks from 1; equal values share the middle of theirs. */
function midRanks(values: readonly number[]): readonly number[] {
  const order = values.map((value, index) => ({ value, index })).toSorted((a, b) => a.value - b.value);
  const ranks: number[] = Array.from({ length: values.length }, () => 0);
  for (let from = 0; from < order.length;) {
    const to = endOfRun(order, from, (a, b) => a.value === b.value);
    for (const { index } of order.slice(from, to)) ranks[index] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

/**
 * Knight's way: sorted by the left number, the exchanges that a merge sort by the right one needs are the discordant pairs.
 * W. R. Knight, "A Computer Method for Calculating Kendall's Tau with Ungrouped Data", JASA 61 (1966).
 */
function kendall(pairs: readonly Pair[]): number | null {
  const all = pairsOf(pairs.length);
  const byLeft = pairs.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  const tiedLeft = tied(byLeft, (a, b) => a[0] === b[0]);
  const tiedBoth = tied(byLeft, (a, b) => a[0] === b[0] && a[1] === b[1]);
  const { sorted, exchanges } = mergeSorted(byLeft.map(([, right]) => right));
  const tiedRight = tied(sorted, (a, b) => a === b);
  const spread = Math.sqrt((all - tiedLeft) * (all - tiedRight));
  if (spread === 0) return null;
  return bounded((all - tiedLeft - tiedRight + tiedBoth - 2 * exchanges) / spread);
}

function pairsOf(count: number): number {
  return (count * (count - 1)) / 2;
}

/** Pairs of neighbours in a sorted list that are equal. */
function tied<T>(sorted: readonly T[], isSame: (a: T, b: T) => boolean): number {
  let total = 0;
  for (let from = 0; from < sorted.length;) {
    const to = endOfRun(sorted, from, isSame);
    total += pairsOf(to - from);
    from = to;
  }
  return total;
}

function endOfRun<T>(sorted: readonly T[], from: number, isSame: (a: T, b: T) => boolean): number {
  const first = sorted[from];
  let to = from + 1;
  while (to < sorted.length && isSame(first as T, sorted[to] as T)) to += 1;
  return to;
}

interface Merged {
  readonly sorted: readonly number[];
  /** How often a number stood before a smaller one. */
  readonly exchanges: number;
}

function mergeSorted(values: readonly number[]): Merged {
  if (values.length < 2) return { sorted: values, exchanges: 0 };
  const half = Math.floor(values.length / 2);
  const left = mergeSorted(values.slice(0, half));
  const right = mergeSorted(values.slice(half));
  const merged = merge(left.sorted, right.sorted);
  return { sorted: merged.sorted, exchanges: left.exchanges + right.exchanges + merged.exchanges };
}

function merge(left: readonly number[], right: readonly number[]): Merged {
  const sorted: number[] = [];
  let [at, exchanges] = [0, 0];
  for (const value of right) {
    for (; at < left.length && (left[at] as number) <= value; at += 1) sorted.push(left[at] as number);
    exchanges += left.length - at;
    sorted.push(value);
  }
  return { sorted: [...sorted, ...left.slice(at)], exchanges };
}

/** What a double rounds must not make more of it than one. */
function bounded(value: number): number {
  return Math.max(-1, Math.min(1, value));
}
