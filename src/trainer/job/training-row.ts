import { compileItemMessages } from "../../environment/item-messages.ts";
import type { EnvironmentSpec } from "../../environment/environment.ts";
import { resolveTools } from "../../environment/tool-definitions.ts";
import { isJsonObject } from "../../lib/json.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { didYouMean } from "../../lib/nearest-name.ts";
import { CONTRACT_LIMITS } from "../contract-limits.ts";

/** Room that a call's other fields need beside the row, which comes with every call. */
const CALL_BYTES = 100_000;

/** What was made of a dataset row for the platform. */
export interface TrainingRow {
  /** With `messages` and `tools`, which the platform takes from the row itself. */
  readonly row: JsonObject;
  readonly isFilled: boolean;
  /** What stands against it; names keys, never values. */
  readonly problems: readonly string[];
}

/**
 * Makes rows as a platform wants them: `messages` by the environment's prompt and `tools` by its tools where a row lacks them.
 * The row has been checked against the environment (compileItemCheck).
 */
export function compileTrainingRow(spec: EnvironmentSpec): (item: JsonObject) => TrainingRow {
  const messagesOf = compileItemMessages(spec.prompt);
  const definitions = resolveTools(spec).map(
    ({ definition }) => ({ type: "function", function: definition }) as unknown as JsonValue,
  );
  const names = resolveTools(spec).map(({ name }) => name);
  return (item) => {
    const filled = {
      messages: item["messages"] ?? (messagesOf(item) as unknown as JsonValue),
      tools: item["tools"] ?? definitions,
    };
    const row = { ...item, ...filled };
    const isFilled = item["messages"] === undefined || item["tools"] === undefined;
    return { row, isFilled, problems: [...toolProblems(row.tools, names), ...sizeProblems(row)] };
  };
}

function toolProblems(tools: JsonValue, names: readonly string[]): readonly string[] {
  if (!Array.isArray(tools)) return ["`tools` must be a list"];
  return tools.flatMap((tool: unknown, index) => {
    const definition = isJsonObject(tool) ? tool["function"] : undefined;
    const name = isJsonObject(definition) ? definition["name"] : undefined;
    if (typeof name !== "string") return [`tools[${index}] must be {type: "function", function: {name, …}}`];
    return names.includes(name)
      ? []
      : [`tools[${index}] names a tool that the environment does not have${didYouMean(name, names)}`];
  });
}

function sizeProblems(row: JsonObject): readonly string[] {
  const bytes = Buffer.byteLength(JSON.stringify(row));
  const most = CONTRACT_LIMITS.requestBytes - CALL_BYTES;
  return bytes <= most
    ? []
    : [
        `has ${bytes} bytes; it comes with every call, and more than ${most} leave no room in the 1 MB of a call`,
      ];
}
