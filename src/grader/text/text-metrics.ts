import { bleu } from "./bleu.ts";
import { fuzzyMatch } from "./fuzzy-match.ts";
import { gleu } from "./gleu.ts";
import { meteor } from "./meteor.ts";
import { rougeL, rougeN } from "./rouge.ts";
import { loadWordNet } from "./wordnet.ts";

/** A measure of how near an input is to a reference. Always from 0 to 1. */
export type TextMetric = (input: string, reference: string) => number | Promise<number>;

const rouge =
  (order: number): TextMetric =>
  (input, reference) =>
    rougeN(input, reference, order);

/**
 * The metrics of `text_similarity` that need nothing but the two texts, under OpenAI's names. OpenAI does not publish
 * how it computes them: each is what the Python package gives that its documentation names or its runtime has.
 */
export const TEXT_METRICS = {
  fuzzy_match: fuzzyMatch,
  bleu,
  gleu,
  meteor: async (input, reference) => meteor(input, reference, await loadWordNet()),
  rouge_1: rouge(1),
  rouge_2: rouge(2),
  rouge_3: rouge(3),
  rouge_4: rouge(4),
  rouge_5: rouge(5),
  rouge_l: rougeL,
} as const satisfies Readonly<Record<string, TextMetric>>;
