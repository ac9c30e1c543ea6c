/** How often each n-gram of `order` tokens occurs. Tokens hold no newline, so joined ones are told apart. */
export function countNgrams(tokens: readonly string[], order: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (let start = 0; start + order <= tokens.length; start += 1) {
    const ngram = tokens.slice(start, start + order).join("\n");
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

/** How many n-grams two countings share, each as often as it occurs in both. */
export function sharedNgrams(left: ReadonlyMap<string, number>, right: ReadonlyMap<string, number>): number {
  let shared = 0;
  for (const [ngram, count] of left) shared += Math.min(count, right.get(ngram) ?? 0);
  return shared;
}

/** How many n-grams of this order that many tokens have. */
export function ngramTotal(tokens: number, order: number): number {
  return Math.max(0, tokens - order + 1);
}
