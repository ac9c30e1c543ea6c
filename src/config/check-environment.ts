import { templateProblems, onlyNamespaces } from "../environment/check-template.ts";
import { jsonSchemaProblems, toolProblems } from "../environment/check-tools.ts";
import { listOrEmpty, objectOrEmpty } from "../lib/half-valid.ts";
import { isJsonObject } from "../lib/json.ts";
import type { JsonObject } from "../lib/json.ts";
import { problemsUnder } from "../lib/schema/spec-problem.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";
import { graderProblems } from "./check-grader.ts";

/**
 * What is wrong with an Environment's `spec` beyond its shape: schemas, templates, judges. Bears a spec that is not valid, so that all problems can be told at once.
 */
export function environmentProblems(spec: JsonObject): SpecProblem[] {
  return [
    ...promptProblems(spec),
    ...responseFormatProblems(spec),
    ...problemsUnder(["tools"], toolProblems(spec["tools"])),
    ...problemsUnder(["grader"], graderProblems(spec)),
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
