import type { SimulationSummary } from "../../../src/trainer/simulation/run-simulation.ts";
import { countText } from "../../../src/trajectory/number-text.ts";
import { printable } from "../../../src/trajectory/plain-text.ts";

/** Why a simulation ends with exit code 1; empty when every promise was kept. Pure. */
export function whyNotKept(
  { ends, violations }: Pick<SimulationSummary, "ends" | "violations">,
  leaked: number | null,
  mayDiscard: number,
): readonly string[] {
  const broken = Object.values(violations).reduce((sum, count) => sum + count, 0);
  return [
    ...(broken > 0 ? [countText(broken, "broken promise")] : []),
    ...(ends.graded === 0 ? ["no rollout was graded"] : []),
    ...(ends.discarded > mayDiscard
      ? [`${countText(ends.discarded, "discarded rollout")}, more than --discarded ${mayDiscard}`]
      : []),
    ...((leaked ?? 0) > 0 ? [`sandboxes leaked: ${leaked ?? 0}`] : []),
  ];
}

/** Why calls were given up, and what the exit code stands for, in lines. Pure. */
export function verdictText(
  { givenUp }: Pick<SimulationSummary, "givenUp">,
  reasons: readonly string[],
): string {
  const lines = givenUp.map(
    ({ side, seen, calls }) =>
      `  ${countText(calls, `${side} call`)}, four tries each, the last: ${printable(seen)}\n`,
  );
  return [
    ...(lines.length === 0 ? [] : ["given up:\n", ...lines]),
    ...(givenUp.some(({ seen }) => seen.includes("template_error")) ? [ROW_HINT] : []),
    reasons.length === 0 ? "every promise was kept\n" : `exit code 1: ${reasons.join("; ")}\n`,
  ].join("");
}

const ROW_HINT =
  "  A template names something that the row lacks: rows of the simulation have `row` and `answer` alone. Serve it an environment that grades\n" +
  "  `item.answer`, as --help says.\n";
