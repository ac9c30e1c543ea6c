/**
 * The name that a mistyped one most likely stands for, or undefined when none is near: at most a third of the
 * letters (and at least one, but not all) may differ, by Levenshtein's distance without regard to case.
 */
export function nearestName(mistyped: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(mistyped.length - 1, Math.max(1, Math.floor(mistyped.length / 3)));
  for (const name of names) {
    const distance = editDistance(mistyped.toLowerCase(), name.toLowerCase());
    if (distance > bestDistance || (best !== undefined && distance === bestDistance)) continue;
    best = name;
    bestDistance = distance;
  }
  return best;
}

/** The sentence part that {@link nearestName} is for: `; did you mean "x"?`, or nothing. */
export function didYouMean(mistyped: string, names: Iterable<string>): string {
  const name = nearestName(mistyped, names);
  return name === undefined ? "" : `; did you mean "${name}"?`;
}

/** Levenshtein's distance, row by row. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of from.split("").entries()) {
    const next = [index + 1];
    for (const [at, other] of to.split("").entries()) {
      const substituted = (row[at] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(substituted, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
