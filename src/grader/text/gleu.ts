import { countNgrams, ngramTotal, sharedNgrams } from "./ngrams.ts";
import { tokenize13a } from "./tokenize-13a.ts";

const ORDERS = [1, 2, 3, 4] as const;

/**
 * Google-BLEU (Wu et al. 2016) from 0 to 1 as nltk's `sentence_gleu` has it: the lesser of precision and recall over
 * all n-grams of one to four tokens. Tokens by `13a`.
 */
export function gleu(input: string, reference: string): number {
  const given = tokenize13a(input);
  const right = tokenize13a(reference);
  const most = Math.max(allNgrams(given.length), allNgrams(right.length));
  if (most === 0) return 0;
  const hits = ORDERS.map((order) => sharedNgrams(countNgrams(given, order), countNgrams(right, order)));
  return sum(hits) / most;
}

function allNgrams(tokens: number): number {
  return sum(ORDERS.map((order) => ngramTotal(tokens, order)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
