import { onlyNamespaces, templateProblems } from "../environment/check-template.ts";
import type { PathRule } from "../environment/check-template.ts";
import { PRESETS } from "../environment/presets.ts";
import { integrityProblems } from "./check-integrity.ts";
import { toRollyardError } from "../errors/rollyard-error.ts";
import { EMBEDDING_MODEL } from "../grader/cosine.ts";
import { compileFormula } from "../grader/formula/compile-formula.ts";
import { graderTemplates } from "../grader/schema-templates.ts";
import { SAMPLE_FIELDS } from "../grader/sample-fields.ts";
import { compileTrajectoryFormula } from "../grader/trajectory-formula.ts";
import { listOrEmpty, objectOrEmpty } from "../lib/half-valid.ts";
import type { JsonObject } from "../lib/json.ts";
import { didYouMean } from "../lib/nearest-name.ts";
import { problemsUnder } from "../lib/schema/spec-problem.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";

/**
 * What is wrong with `spec.grader` beyond its shape: templates, formulas, judges and tools that it names. Paths count from
 * the grader. Bears a spec that is not valid, so that all problems can be told at once.
 */
export function graderProblems(spec: JsonObject): SpecProblem[] {
  const rules = [onlyNamespaces("item", "sample"), knownSampleField, outputJsonNeedsFormat(spec)];
  const judges = Object.keys(objectOrEmpty(spec["judges"]));
  return [
    ...graderTemplates(spec["grader"]).flatMap(({ path, source }) => templateProblems(source, path, rules)),
    ...judgeProblems(objectOrEmpty(spec["grader"]), judges),
    ...integrityProblems(spec),
    ...commandProblems(objectOrEmpty(spec["grader"])),
    ...formulaProblems(objectOrEmpty(spec["grader"])),
    ...trajectoryProblems(objectOrEmpty(spec["grader"]), toolNames(spec["tools"])),
  ];
}

/** Paths that would lead out of a workdir. */
function commandProblems(grader: JsonObject): SpecProblem[] {
  const inside = Object.entries(objectOrEmpty(grader["graders"])).flatMap(([name, sub]) =>
    problemsUnder(["graders", name], commandProblems(objectOrEmpty(sub))),
  );
  if (grader["type"] !== "command") return inside;
  const files = listOrEmpty(grader["files"]).flatMap((entry, index) => {
    const { from, to } = objectOrEmpty(entry);
    return [...pathProblems(["files", index, "from"], from), ...pathProblems(["files", index, "to"], to)];
  });
  return [...inside, ...files, ...pathProblems(["result"], grader["result"])];
}

function pathProblems(path: SpecProblem["path"], value: unknown): SpecProblem[] {
  if (typeof value !== "string" || value === "") return [];
  const leadsOut = value.startsWith("/") || value.split("/").includes("..") || value.includes("\0");
  return leadsOut ? [{ path, message: "must be a path below the workdir, without .." }] : [];
}

function formulaProblems({ calculate_output: formula, graders }: JsonObject): SpecProblem[] {
  if (typeof formula !== "string" || formula === "") return [];
  const names = Object.keys(objectOrEmpty(graders));
  // A multi without graders is refused as such; that its formula names none of them is no news.
  if (names.length === 0) return [];
  return problemOf(["calculate_output"], () => compileFormula(formula, names));
}

function trajectoryProblems(grader: JsonObject, tools: readonly string[]): SpecProblem[] {
  const inside = Object.entries(objectOrEmpty(grader["graders"])).flatMap(([name, sub]) =>
    problemsUnder(["graders", name], trajectoryProblems(objectOrEmpty(sub), tools)),
  );
  const { type, formula, validation } = grader;
  if (type !== "trajectory") return inside;
  const unknown = listOrEmpty(validation).flatMap((tool, index): SpecProblem[] =>
    typeof tool !== "string" || tools.includes(tool)
      ? []
      : [
          {
            path: ["validation", index],
            message: `is no tool of this environment${didYouMean(tool, tools)}`,
          },
        ],
  );
  if (typeof formula !== "string" || formula === "") return [...inside, ...unknown];
  return [...inside, ...unknown, ...problemOf(["formula"], () => compileTrajectoryFormula(formula, tools))];
}

function problemOf(path: SpecProblem["path"], compile: () => unknown): SpecProblem[] {
  try {
    compile();
    return [];
  } catch (thrown) {
    return [{ path, message: toRollyardError(thrown).message }];
  }
}

/** The names that a list of tools gives the model, of presets too. */
function toolNames(tools: unknown): readonly string[] {
  return listOrEmpty(tools).flatMap((tool) => {
    const { name, preset } = objectOrEmpty(tool);
    if (typeof name === "string") return [name];
    const known = Object.entries(PRESETS).find(([each]) => each === preset)?.[1] ?? [];
    return known.map(({ definition }) => definition.name);
  });
}

/** A mistyped field of `sample` would be empty in every rollout, and nobody would hear of it. */
const knownSampleField: PathRule = ({ namespace, segments: [field], text }) => {
  if (namespace !== "sample" || field === undefined || SAMPLE_FIELDS.includes(String(field)))
    return undefined;
  return `"{{ ${text} }}" names an unknown field of sample${didYouMean(String(field), SAMPLE_FIELDS)}`;
};

function outputJsonNeedsFormat({ responseFormat }: JsonObject): PathRule {
  return ({ namespace, segments: [field], text }) =>
    responseFormat === undefined && namespace === "sample" && field === "output_json"
      ? `"{{ ${text} }}" is filled only when spec.responseFormat is given`
      : undefined;
}

function judgeProblems(grader: JsonObject, judges: readonly string[]): SpecProblem[] {
  const { model, evaluation_metric: metric } = grader;
  const inside = Object.entries(objectOrEmpty(grader["graders"])).flatMap(([name, sub]) =>
    problemsUnder(["graders", name], judgeProblems(objectOrEmpty(sub), judges)),
  );
  if (metric === "cosine" && !judges.includes(EMBEDDING_MODEL)) {
    const message = `is not possible without embeddings: give spec.judges["${EMBEDDING_MODEL}"] with the baseURL of an OpenAI-compatible endpoint`;
    return [{ path: ["evaluation_metric"], message: `cosine ${message}` }, ...inside];
  }
  if (typeof model !== "string" || judges.includes(model)) return inside;
  return [{ path: ["model"], message: `is not a key of spec.judges${didYouMean(model, judges)}` }, ...inside];
}
