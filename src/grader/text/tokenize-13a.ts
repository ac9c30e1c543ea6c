import { pythonSplit } from "./python-split.ts";

/** Entities that the reference tokenizer undoes, in its order. */
const ENTITIES: readonly (readonly [string, string])[] = [
  ["&quot;", '"'],
  ["&amp;", "&"],
  ["&lt;", "<"],
  ["&gt;", ">"],
];

/**
 * Splits a text as WMT's scorer mteval-v13a does, which sacrebleu calls `13a`: ASCII punctuation and symbols stand
 * alone; a period or comma does so unless there is a digit on both of its sides; a dash does after a digit.
 */
export function tokenize13a(text: string): readonly string[] {
  const joined = text.trimEnd().replaceAll("<skipped>", "").replaceAll("-\n", "").replaceAll("\n", " ");
  const plain = ENTITIES.reduce((line, [entity, character]) => line.replaceAll(entity, character), joined);
  const spaced = ` ${plain} `
    .replaceAll(/([!-&(-+:-@/[-`{-~])/g, " $1 ")
    .replaceAll(/([^0-9])([.,])/gu, "$1 $2 ")
    .replaceAll(/([.,])([^0-9])/gu, " $1 $2")
    .replaceAll(/([0-9])(-)/g, "$1 $2 ");
  return pythonSplit(spaced);
}
