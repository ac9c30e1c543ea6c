import { onlyNamespaces, templateProblems } from "../environment/check-template.ts";
import type { PathRule } from "../environment/check-template.ts";
import { jsonSchemaProblems, toolProblems } from "../environment/check-tools.ts";
import { toRollyardError } from "../errors/rollyard-error.ts";
import { EMBEDDING_MODEL } from "../grader/cosine.ts";
import { compileFormula } from "../grader/formula/compile-formula.ts";
import { graderTemplates } from "../grader/schema-templates.ts";
import { SAMPLE_FIELDS } from "../grader/supported.ts";
import { listOrEmpty, objectOrEmpty } from "../lib/half-valid.ts";
import { isJsonObject } from "../lib/json.ts";
import type { JsonObject } from "../lib/json.ts";
import { didYouMean } from "../lib/nearest-name.ts";
import { problemsUnder } from "../lib/schema/spec-problem.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";
import { unsupportedProblems } from "./unsupported.ts";

/**
 * What is wrong with an Environment's `spec` beyond its shape: schemas, templates, judges, and what this version
 * can't do. Bears a spec that is not valid, so that all problems can be told at once.
 */
export function environmentProblems(spec: JsonObject): SpecProblem[] {
  return [
    ...promptProblems(spec),
    ...responseFormatProblems(spec),
    ...problemsUnder(["tools"], toolProblems(spec["tools"])),
    ...problemsUnder(["grader"], graderProblems(spec)),
    ...unsupportedProblems(spec),
  ];
}

function promptProblems({ prompt }: JsonObject): SpecProblem[] {
  return listOrEmpty(prompt).flatMap((message, index) =>
    templateProblems(
      objectOrEmpty(message)["content"],
      ["prompt", index, "content"],
      [onlyNamespaces("item")],
    ),
  );
}

function responseFormatProblems({ responseFormat }: JsonObject): SpecProblem[] {
  const { schema } = objectOrEmpty(objectOrEmpty(responseFormat)["json_schema"]);
  return isJsonObject(schema) ? jsonSchemaProblems(schema, ["responseFormat", "json_schema", "schema"]) : [];
}

function graderProblems(spec: JsonObject): SpecProblem[] {
  const rules = [onlyNamespaces("item", "sample"), knownSampleField, outputJsonNeedsFormat(spec)];
  const judges = Object.keys(objectOrEmpty(spec["judges"]));
  return [
    ...graderTemplates(spec["grader"]).flatMap(({ path, source }) => templateProblems(source, path, rules)),
    ...judgeProblems(objectOrEmpty(spec["grader"]), judges),
    ...formulaProblems(objectOrEmpty(spec["grader"])),
  ];
}

function formulaProblems({ calculate_output: formula, graders }: JsonObject): SpecProblem[] {
  if (typeof formula !== "string" || formula === "") return [];
  const names = Object.keys(objectOrEmpty(graders));
  // A multi without graders is refused as such; that its formula names none of them is no news.
  if (names.length === 0) return [];
  try {
    compileFormula(formula, names);
    return [];
  } catch (thrown) {
    return [{ path: ["calculate_output"], message: toRollyardError(thrown).message }];
  }
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
