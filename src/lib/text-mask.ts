import { createContext, Script } from "node:vm";
import type { Context } from "node:vm";

/** Leaves out of a text what may differ; null when that takes too long. */
export type TextMask = (text: string) => string | null;

/** Flags of a mask's expressions: every match, and `^` and `$` at each line. */
export const MASK_FLAGS = "gm";

const LEAVE_OUT = new Script(
  `patterns.reduce((left, pattern) => left.replace(new RegExp(pattern, "${MASK_FLAGS}"), ""), text)`,
);

/**
 * Makes a mask of regular expressions, applied one after the other. They come from users and may need ages for some
 * texts, so they run where V8 ends them after `limitMs` of wall time. Throws SyntaxError, at the first text, for what
 * is no expression.
 */
export function createTextMask(patterns: readonly string[], limitMs: number): TextMask {
  if (patterns.length === 0) return (text) => text;
  let context: Context | null = null;
  return (text) => {
    context ??= createContext({ patterns: [...patterns], text: "" });
    context["text"] = text;
    try {
      return String(LEAVE_OUT.runInContext(context, { timeout: limitMs }));
    } catch (thrown) {
      if (isTimeout(thrown)) return null;
      throw thrown;
    }
  };
}

function isTimeout(thrown: unknown): boolean {
  // The error is made in another realm, so it is no instance of this one's Error.
  return (
    typeof thrown === "object" &&
    thrown !== null &&
    "code" in thrown &&
    thrown.code === "ERR_SCRIPT_EXECUTION_TIMEOUT"
  );
}
