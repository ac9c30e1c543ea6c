import { z } from "zod";

function isRegExp(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

/** `spec.recovery`: what happens when a sandbox is lost in the middle of a rollout. */
export const recoverySpecSchema = z.strictObject({
  mode: z.enum(["restart", "replay"]).default("restart").meta({
    description:
      "`restart` tries the rollout again from its beginning; `replay` runs the recorded tool calls in a new sandbox and goes on.",
  }),
  ignore: z
    .array(z.string().refine(isRegExp, "must be a regular expression"))
    .default([])
    .meta({ description: "Regular expressions of output parts that may differ in a replay." }),
});
