import { lcsLength } from "./lcs.ts";
import { countNgrams, ngramTotal, sharedNgrams } from "./ngrams.ts";

/** ROUGE-N (Lin 2004) as its F1 from 0 to 1, as the package rouge-score has it, without stemming. */
export function rougeN(input: string, reference: string, order: number): number {
  const given = rougeTokens(input);
  const right = rougeTokens(reference);
  return fMeasure(sharedNgrams(countNgrams(right, order), countNgrams(given, order)), {
    given: ngramTotal(given.length, order),
    right: ngramTotal(right.length, order),
  });
}

/** ROUGE-L over the whole text as its F1 from 0 to 1, as the package rouge-score has it, without stemming. */
export function rougeL(input: string, reference: string): number {
  const given = rougeTokens(input);
  const right = rougeTokens(reference);
  return fMeasure(lcsLength(given, right), { given: given.length, right: right.length });
}

/** ROUGE's words: lower case, letters a to z and digits; every other character ends a word. */
function rougeTokens(text: string): readonly string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

function fMeasure(
  hits: number,
  { given, right }: { readonly given: number; readonly right: number },
): number {
  return hits === 0 ? 0 : (2 * hits) / (given + right);
}
