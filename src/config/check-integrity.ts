import { assertNever } from "../lib/assert-never.ts";
import { listOrEmpty, objectOrEmpty } from "../lib/half-valid.ts";
import type { JsonObject } from "../lib/json.ts";
import { INTEGRITY_CHECKS } from "../grader/integrity/integrity-checks.ts";
import type { CheckNeed, IntegrityCheck } from "../grader/integrity/integrity-check.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";

const JUDGES: readonly unknown[] = ["score_model", "label_model", "judge_veto"];

/** Checks that could never hit: their author would believe in them. Paths count from the grader; bears half-valid specs. */
export function integrityProblems({ grader, tools }: JsonObject): SpecProblem[] {
  const { integrity, graders } = objectOrEmpty(grader);
  const parts = [objectOrEmpty(grader), ...Object.values(objectOrEmpty(graders)).map(objectOrEmpty)];
  const has = (need: CheckNeed): boolean => isMet(need, { parts, tools: listOrEmpty(tools).length > 0 });
  return listOrEmpty(integrity).flatMap((name, index): SpecProblem[] => {
    const check = checkOf(name);
    if (typeof name !== "string" || check === undefined || has(check.needs)) return [];
    return [{ path: ["integrity", index], message: `"${name}" needs ${WHAT[check.needs]}` }];
  });
}

function checkOf(name: unknown): IntegrityCheck | undefined {
  return Object.entries<IntegrityCheck>(INTEGRITY_CHECKS).find(([each]) => each === name)?.[1];
}

const WHAT: Readonly<Record<CheckNeed, string>> = {
  command: "a grader of type command",
  assets: "a grader of type command with assets",
  judge: "a judge: a grader of type score_model, label_model or judge_veto",
  tools: "tools",
  code: "code",
  nothing: "nothing",
};

function isMet(
  need: CheckNeed,
  { parts, tools }: { readonly parts: readonly JsonObject[]; readonly tools: boolean },
): boolean {
  const commands = parts.filter(({ type }) => type === "command");
  switch (need) {
    case "command":
      return commands.length > 0;
    case "assets":
      return commands.some(({ assets }) => assets !== undefined);
    case "judge":
      return parts.some(({ type }) => JUDGES.includes(type));
    case "tools":
      return tools;
    case "code":
    case "nothing":
      return true;
    default:
      return assertNever(need);
  }
}
