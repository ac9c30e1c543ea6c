import { countNgrams, ngramTotal, sharedNgrams } from "./ngrams.ts";
import { tokenize13a } from "./tokenize-13a.ts";

const MAX_ORDER = 4;

/**
 * BLEU of one sentence (Papineni et al. 2002) from 0 to 1 as sacrebleu's `sentence_bleu` has it by default, whose
 * score is a hundred times this: tokens by `13a`, exponential smoothing, only the orders that the input has.
 */
export function bleu(input: string, reference: string): number {
  const given = tokenize13a(input);
  const right = tokenize13a(reference);
  const orders = [...Array(MAX_ORDER).keys()].map((index) => precisionOf(given, right, index + 1));
  if (orders.every(({ hits }) => hits === 0)) return 0;
  const possible = orders.filter(({ total }) => total > 0);
  const logs = smoothedPrecisions(possible).map(Math.log);
  const mean = logs.reduce((sum, value) => sum + value, 0) / possible.length;
  return brevityPenalty(given.length, right.length) * Math.exp(mean);
}

interface Precision {
  readonly hits: number;
  readonly total: number;
}

function precisionOf(given: readonly string[], right: readonly string[], order: number): Precision {
  const hits = sharedNgrams(countNgrams(given, order), countNgrams(right, order));
  return { hits, total: ngramTotal(given.length, order) };
}

/** The k-th order without a hit counts as 1 / 2^k of one. */
function smoothedPrecisions(orders: readonly Precision[]): readonly number[] {
  let divisor = 1;
  return orders.map(({ hits, total }) => {
    if (hits > 0) return hits / total;
    divisor *= 2;
    return 1 / (divisor * total);
  });
}

function brevityPenalty(given: number, right: number): number {
  return given < right ? Math.exp(1 - right / given) : 1;
}
