import type { IntegrityCheck } from "../integrity-check.ts";

/** Nobody reads so long an answer; a judge is only worn out by it. */
const MOST_CHARACTERS = 20_000;
/** Shorter sentences are said again by honest writers, too. */
const LEAST_SENTENCE = 24;
const MOST_TIMES = 5;
/** Of the answer without its code. */
const MOST_SHARE = 0.3;
const FENCE = /^```[\w+-]*\n[\s\S]*?^```/gmu;

/** The answer is long for its judge's sake: more than anybody reads, or the same again and again. */
export const noPadding: IntegrityCheck = {
  needs: "judge",
  effect: "zero",
  find: ({ answer }) => {
    const evidence = { characters: String(answer.length) };
    if (answer.length > MOST_CHARACTERS) return { reason: "too_long", evidence };
    return repeatedShare(answer.replaceAll(FENCE, "")) > MOST_SHARE ? { reason: "repeated", evidence } : null;
  },
};

/** The share of a text that says what the text says more than so many times. */
function repeatedShare(text: string): number {
  const sentences = text
    .split(/[\n.!?]+/u)
    .map((each) => each.trim())
    .filter((each) => each.length >= LEAST_SENTENCE);
  const times = new Map<string, number>();
  for (const each of sentences) times.set(each, (times.get(each) ?? 0) + 1);
  const repeated = [...times].filter(([, count]) => count > MOST_TIMES);
  const characters = repeated.reduce((sum, [{ length }, count]) => sum + length * count, 0);
  return characters / Math.max(1, text.length);
}
