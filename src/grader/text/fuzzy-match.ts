import { lcsLength } from "./lcs.ts";

/**
 * Normalised Indel similarity over code points, 2·LCS / (|a| + |b|): what rapidfuzz's `fuzz.ratio` gives, from 0 to 1.
 * As there, two empty texts are alike.
 */
export function fuzzyMatch(input: string, reference: string): number {
  const given = [...input];
  const right = [...reference];
  const total = given.length + right.length;
  return total === 0 ? 1 : (2 * lcsLength(given, right)) / total;
}
