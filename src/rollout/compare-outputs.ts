import type { TextMask } from "../lib/text-mask.ts";
import type { CallReturn } from "./state.ts";

/** How the output of a call that ran again compares with the recorded one. */
export type OutputVerdict =
  | "equal"
  | "different"
  /** A mask takes too long on one of them, so that it can't be said. */
  | "mask_too_slow";

/** Compares what the model saw with what it would see now, both without the parts that the mask leaves out. */
export function compareOutputs(recorded: CallReturn, again: CallReturn, mask: TextMask): OutputVerdict {
  const texts = [seen(recorded), seen(again)] as const;
  if (texts[0] === texts[1]) return "equal";
  const [before, after] = [mask(texts[0]), mask(texts[1])];
  if (before === null || after === null) return "mask_too_slow";
  return before === after ? "equal" : "different";
}

const TIMED_OUT_AT_END = /\[timed out after [\d.]+ s\](?=(?:\n\[truncated \d+ bytes\])?$)/u;

/** A stored answer tells a timeout by how long the command ran, a fresh one by the limit itself. */
function seen({ output, timedOut }: CallReturn): string {
  return timedOut ? output.replace(TIMED_OUT_AT_END, "[timed out]") : output;
}
