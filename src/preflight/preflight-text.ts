import { printable } from "../trajectory/plain-text.ts";
import type { PreflightVerdict } from "./decide-preflight.ts";

const SENTENCES = {
  fit: "Fit: the task can be learned from as it is.",
  doubtful: "Doubtful: look at what is in doubt before you spend a training run on it.",
  unfit: "Unfit: mend what is bad first.",
} as const;

/** A verdict with its reasons, as lines for a terminal. */
export function preflightText({ verdict, findings }: PreflightVerdict): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  const lines = findings.map(
    ({ check, level, reason }) => `${level.padEnd(8)}${check.padEnd(width + 2)}${printable(reason)}`,
  );
  return `${[...lines, "", SENTENCES[verdict]].join("\n")}\n`;
}
