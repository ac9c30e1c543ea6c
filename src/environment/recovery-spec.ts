import { z } from "zod";
import { MASK_FLAGS } from "../lib/text-mask.ts";

/** Most expressions of `ignore`, and the longest one in UTF-16 units: all of them see every output that differs. */
const MAX_PATTERNS = 50;
const MAX_PATTERN_LENGTH = 1000;

function isRegExp(text: string): boolean {
  try {
    return new RegExp(text, MASK_FLAGS) instanceof RegExp;
  } catch {
    return false;
  }
}

/** `spec.recovery`: what happens when a sandbox is lost in the middle of a rollout. */
export const recoverySpecSchema = z.strictObject({
  mode: z.enum(["restart", "replay"]).default("restart").meta({
    description:
      "`restart` tries the rollout again from its beginning; `replay` runs the recorded tool calls in a new sandbox and goes on if their outputs are equal.",
  }),
  ignore: z
    .array(z.string().max(MAX_PATTERN_LENGTH).refine(isRegExp, "must be a regular expression"))
    .max(MAX_PATTERNS)
    .default([])
    .meta({
      description:
        "Regular expressions (JavaScript's; `^` and `$` match at each line) of output parts that may differ in a replay: what they match is left out of both outputs. One that takes longer than 0.25 s over an output counts as a difference.",
    }),
});
