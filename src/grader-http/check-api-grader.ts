import { graderProblems } from "../config/check-grader.ts";
import { checkSchema } from "../config/schema-problems.ts";
import { environmentSpecSchema } from "../environment/environment.ts";
import type { EnvironmentSpec } from "../environment/environment.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { EMBEDDING_MODEL } from "../grader/cosine.ts";
import { objectOrEmpty } from "../lib/half-valid.ts";
import type { JsonObject } from "../lib/json.ts";
import { pathText } from "../lib/schema/path-text.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";

/** A response format that says no more than that answers are JSON: the API fills `sample.output_json` wherever it is. */
const ANY_JSON = { type: "json_schema", json_schema: { name: "any", schema: {} } } as const;

const SHOWN_PROBLEMS = 10;

/**
 * Checks a grader of a request as an Environment's is, in the surroundings of `base`. Throws `bad_input` with a sentence for
 * each problem; details `param` is the field of the first.
 */
export function checkApiGrader(grader: unknown, base: JsonObject): EnvironmentSpec {
  const spec: JsonObject = { responseFormat: ANY_JSON, ...base, grader: grader as JsonObject };
  const checked = checkSchema(environmentSpecSchema, spec);
  const problems = [
    ...(checked.ok ? [] : checked.problems),
    ...graderProblems(spec).map(({ path, message }) => ({ path: ["grader", ...path], message })),
  ];
  if (checked.ok && problems.length === 0) return checked.value;
  throw refused(problems);
}

/** The surroundings of a grader that is checked only: whatever judges it names are there. */
export function withItsJudges(grader: unknown): JsonObject {
  const { graders, ...own } = objectOrEmpty(grader);
  const all = [own, ...Object.values(objectOrEmpty(graders)).map(objectOrEmpty)];
  const judge = { baseURL: "http://judge.invalid/v1" };
  const named = all.flatMap(({ model, evaluation_metric: metric }) => [
    ...(typeof model === "string" && model !== "" ? [model] : []),
    ...(metric === "cosine" ? [EMBEDDING_MODEL] : []),
  ]);
  return { judges: Object.fromEntries(named.map((model) => [model, judge])) };
}

function refused(problems: readonly SpecProblem[]): RollyardError {
  const sentences = problems
    .slice(0, SHOWN_PROBLEMS)
    .map(({ path, message }) => `${pathText(path)} ${message}.`);
  const [first] = problems;
  return new RollyardError("bad_input", {
    message: sentences.join(" "),
    details: { param: first === undefined ? "grader" : pathText(first.path) },
  });
}
