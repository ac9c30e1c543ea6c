import { toRollyardError } from "../errors/rollyard-error.ts";
import type { JsonObject } from "../lib/json.ts";
import { isJsonObject } from "../lib/json.ts";
import { didYouMean } from "../lib/nearest-name.ts";
import { problemsUnder } from "../lib/schema/spec-problem.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";
import { onlyNamespaces, templateProblems } from "./check-template.ts";
import type { PathRule } from "./check-template.ts";
import { compileJsonSchema } from "./json-schema.ts";
import { parametersOf } from "./tool-definitions.ts";
import type { ToolSpec } from "./tool-spec.ts";

/** What is wrong with a list of tools beyond their shapes: schemas and templates. Paths count from the list. */
export function toolProblems(tools: readonly ToolSpec[]): SpecProblem[] {
  return tools.flatMap((tool, index) =>
    problemsUnder([index], [...parameterProblems(tool), ...execProblems(tool)]),
  );
}

function parameterProblems({ parameters }: ToolSpec): SpecProblem[] {
  if (parameters === undefined) return [];
  if (parameters["type"] !== "object") {
    return [{ path: ["parameters", "type"], message: 'must be "object"' }];
  }
  return jsonSchemaProblems(parameters as JsonObject, "parameters");
}

/** The problem of a JSON schema that stands in the field `field`; none when it is valid. */
export function jsonSchemaProblems(schema: JsonObject, field: string): SpecProblem[] {
  try {
    compileJsonSchema(schema);
    return [];
  } catch (thrown) {
    return [{ path: [field], message: toRollyardError(thrown).message }];
  }
}

function execProblems(tool: ToolSpec): SpecProblem[] {
  const { exec } = tool;
  if (exec === undefined) return [];
  const known = knownArgument(parametersOf(tool));
  const overArguments = [notTheItem, onlyNamespaces("arguments"), known];
  const overBoth = [onlyNamespaces("arguments", "item"), itemByKey, known];
  return problemsUnder(
    ["exec"],
    [
      ...exec.argv.flatMap((source, index) => templateProblems(source, ["argv", index], overArguments)),
      ...templateProblems(exec.stdin ?? "", ["stdin"], overArguments),
      ...templateProblems(exec.cwd ?? "", ["cwd"], overArguments),
      ...Object.entries(exec.env ?? {}).flatMap(([name, source]) =>
        templateProblems(source, ["env", name], overBoth),
      ),
    ],
  );
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
  return isJsonObject(properties) ? Object.keys(properties) : [];
}
