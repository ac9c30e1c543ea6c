import { toRollyardError } from "../errors/rollyard-error.ts";
import { listOrEmpty, objectOrEmpty } from "../lib/half-valid.ts";
import type { JsonObject } from "../lib/json.ts";
import { isJsonObject } from "../lib/json.ts";
import { didYouMean } from "../lib/nearest-name.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";
import { problemsUnder } from "../lib/schema/spec-problem.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";
import { onlyNamespaces, templateProblems } from "./check-template.ts";
import type { PathRule } from "./check-template.ts";
import { compileJsonSchema } from "./json-schema.ts";

/**
 * What is wrong with `spec.tools` beyond its shape: schemas and templates. Paths count from the list.
 * Bears a list that is not valid, so that all problems can be told at once.
 */
export function toolProblems(tools: unknown): SpecProblem[] {
  return listOrEmpty(tools).flatMap((tool, index) => {
    const { parameters, exec } = objectOrEmpty(tool);
    return problemsUnder(
      [index],
      [
        ...(isJsonObject(parameters) ? parameterProblems(parameters) : []),
        ...problemsUnder(["exec"], execProblems(objectOrEmpty(exec), objectOrEmpty(parameters))),
      ],
    );
  });
}

function parameterProblems(parameters: JsonObject): SpecProblem[] {
  if (parameters["type"] !== "object") {
    return [{ path: ["parameters", "type"], message: 'must be "object"' }];
  }
  return jsonSchemaProblems(parameters, ["parameters"]);
}

/** The problem of a JSON schema that stands at `path`; none when it is valid. */
export function jsonSchemaProblems(schema: JsonObject, path: ValuePath): SpecProblem[] {
  try {
    compileJsonSchema(schema);
    return [];
  } catch (thrown) {
    return [{ path, message: toRollyardError(thrown).message }];
  }
}

function execProblems(exec: JsonObject, parameters: JsonObject): SpecProblem[] {
  const known = knownArgument(parameters);
  const overArguments = [notTheItem, onlyNamespaces("arguments"), known];
  const overBoth = [onlyNamespaces("arguments", "item"), itemByKey, known];
  return [
    ...listOrEmpty(exec["argv"]).flatMap((source, index) =>
      templateProblems(source, ["argv", index], overArguments),
    ),
    ...templateProblems(exec["stdin"], ["stdin"], overArguments),
    ...templateProblems(exec["cwd"], ["cwd"], overArguments),
    ...Object.entries(objectOrEmpty(exec["env"])).flatMap(([name, source]) =>
      templateProblems(source, ["env", name], overBoth),
    ),
  ];
}

const notTheItem: PathRule = ({ namespace, text }) =>
  namespace === "item"
    ? `"{{ ${text} }}": a tool sees the item only through exec.env, by named key`
    : undefined;

const itemByKey: PathRule = ({ namespace, segments }) =>
  namespace === "item" && typeof segments[0] !== "string"
    ? '"{{ item }}" must name a key, such as item.repository'
    : undefined;

/** Refuses an argument that the tool's schema does not have; a schema that may allow more is taken at its word. */
function knownArgument(parameters: JsonObject): PathRule {
  const names = closedPropertyNames(parameters);
  return ({ namespace, segments: [name], text }) => {
    if (namespace !== "arguments" || name === undefined || names === undefined) return undefined;
    if (typeof name === "string" && names.includes(name)) return undefined;
    return `"{{ ${text} }}" names an argument that \`parameters\` does not have${didYouMean(String(name), names)}`;
  };
}

function closedPropertyNames(parameters: JsonObject): readonly string[] | undefined {
  const opens = ["$ref", "allOf", "anyOf", "oneOf", "patternProperties"];
  if (opens.some((keyword) => parameters[keyword] !== undefined)) return undefined;
  const { additionalProperties, properties } = parameters;
  if (additionalProperties === true || isJsonObject(additionalProperties)) return undefined;
  return Object.keys(objectOrEmpty(properties));
}
