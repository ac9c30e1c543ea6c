import { onlyNamespaces, templateProblems } from "../environment/check-template.ts";
import type { PathRule } from "../environment/check-template.ts";
import { jsonSchemaProblems, toolProblems } from "../environment/check-tools.ts";
import type { EnvironmentSpec } from "../environment/environment.ts";
import type { GraderSpec, SubGraderSpec } from "../grader/schema.ts";
import { graderTemplates } from "../grader/schema-templates.ts";
import { SAMPLE_FIELDS } from "../grader/supported.ts";
import type { JsonObject } from "../lib/json.ts";
import { didYouMean } from "../lib/nearest-name.ts";
import { problemsUnder } from "../lib/schema/spec-problem.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";
import { unsupportedProblems } from "./unsupported.ts";

/** What is wrong with a `spec` of the right shape: schemas, templates, judges, and what this version can't do. */
export function environmentProblems(spec: EnvironmentSpec): SpecProblem[] {
  return [
    ...promptProblems(spec),
    ...responseFormatProblems(spec),
    ...problemsUnder(["tools"], toolProblems(spec.tools)),
    ...problemsUnder(["grader"], graderProblems(spec)),
    ...unsupportedProblems(spec),
  ];
}

function promptProblems({ prompt = [] }: EnvironmentSpec): SpecProblem[] {
  return prompt.flatMap(({ content }, index) =>
    templateProblems(content, ["prompt", index, "content"], [onlyNamespaces("item")]),
  );
}

function responseFormatProblems({ responseFormat }: EnvironmentSpec): SpecProblem[] {
  if (responseFormat === undefined) return [];
  const schema = responseFormat.json_schema.schema as JsonObject;
  return problemsUnder(["responseFormat", "json_schema"], jsonSchemaProblems(schema, "schema"));
}

function graderProblems(spec: EnvironmentSpec): SpecProblem[] {
  const rules = [onlyNamespaces("item", "sample"), knownSampleField, outputJsonNeedsFormat(spec)];
  return [
    ...graderTemplates(spec.grader).flatMap(({ path, source }) => templateProblems(source, path, rules)),
    ...judgeProblems(spec.grader, Object.keys(spec.judges)),
  ];
}

/** A mistyped field of `sample` would be empty in every rollout, and nobody would hear of it. */
const knownSampleField: PathRule = ({ namespace, segments: [field], text }) => {
  if (namespace !== "sample" || field === undefined || SAMPLE_FIELDS.includes(String(field)))
    return undefined;
  return `"{{ ${text} }}" names an unknown field of sample${didYouMean(String(field), SAMPLE_FIELDS)}`;
};

function outputJsonNeedsFormat({ responseFormat }: EnvironmentSpec): PathRule {
  return ({ namespace, segments: [field], text }) =>
    responseFormat === undefined && namespace === "sample" && field === "output_json"
      ? `"{{ ${text} }}" is filled only when spec.responseFormat is given`
      : undefined;
}

function judgeProblems(grader: GraderSpec | SubGraderSpec, judges: readonly string[]): SpecProblem[] {
  if (grader.type === "multi") {
    return Object.entries(grader.graders).flatMap(([name, sub]) =>
      problemsUnder(["graders", name], judgeProblems(sub, judges)),
    );
  }
  if (!("model" in grader) || judges.includes(grader.model)) return [];
  return [{ path: ["model"], message: `is not a key of spec.judges${didYouMean(grader.model, judges)}` }];
}
