import { isJsonObject } from "../lib/json.ts";
import type { JsonObject } from "../lib/json.ts";
import type { ResolvedTool } from "./tool-definitions.ts";

/** Either the arguments of a call, or one sentence for the model that names what is wrong with them. */
export type ArgumentsCheck =
  | { readonly ok: true; readonly arguments: JsonObject }
  | { readonly ok: false; readonly problem: string };

const refuse = (problem: string): ArgumentsCheck => ({ ok: false, problem });

/**
 * Reads and checks the arguments text of a tool call as the model wrote it; nothing is coerced.
 * An empty text stands for no arguments, as some endpoints send it. Never throws.
 */
export function validateArguments(
  tool: Pick<ResolvedTool, "argumentsSchema">,
  argumentsText: string,
): ArgumentsCheck {
  const parsed = parseJson(argumentsText.trim() === "" ? "{}" : argumentsText);
  if (parsed === undefined) return refuse("The arguments are not valid JSON.");
  if (!isJsonObject(parsed.value)) return refuse("The arguments must be a JSON object.");
  const problem = firstProblem(tool, parsed.value);
  return problem === undefined ? { ok: true, arguments: parsed.value } : refuse(problem);
}

function firstProblem(tool: Pick<ResolvedTool, "argumentsSchema">, value: JsonObject): string | undefined {
  try {
    // Whoever records or passes on the value must be able to write it as JSON again.
    JSON.stringify(value);
    return tool.argumentsSchema.firstProblem(value);
  } catch {
    // Parsing has no limit of depth, but writing and checking end the stack at some.
    return "The arguments are nested too deeply.";
  }
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
