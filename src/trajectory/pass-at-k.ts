/**
 * The chance that at least one of k samples passes, estimated without bias from n samples of which c passed:
 * 1 − C(n−c, k) / C(n, k). Source: Chen et al. 2021, arXiv 2107.03374, equation 1. Null when k is above n.
 */
export function passAtK(n: number, c: number, k: number): number | null {
  if (k > n) return null;
  if (n - c < k) return 1;
  let allFail = 1;
  for (let i = n - c + 1; i <= n; i += 1) allFail *= 1 - k / i;
  return 1 - allFail;
}

/**
 * The expected best reward of k samples drawn without replacement from these: the i-th smallest of n is the best of
 * C(i−1, k−1) of the C(n, k) choices. Null when k is above n.
 */
export function bestOfK(rewards: readonly number[], k: number): number | null {
  const n = rewards.length;
  if (k < 1 || k > n) return null;
  const sorted = rewards.toSorted((a, b) => a - b);
  // From the best down, so that a weight too small for a double is one that no longer counts: C(n, k) itself overflows.
  let weight = k / n;
  let expected = 0;
  for (let i = n; i >= k; i -= 1) {
    expected += weight * (sorted[i - 1] ?? 0);
    weight *= (i - k) / (i - 1);
  }
  return expected;
}
