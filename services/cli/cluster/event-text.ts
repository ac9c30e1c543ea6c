import { isJsonObject } from "../../../src/lib/json.ts";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import { textOrUndefined } from "../../../src/lib/half-valid.ts";
import { printable } from "../../../src/trajectory/plain-text.ts";

/** Texts longer than this get lines of their own. */
const LONG = 80;

/** An event as a line for people: time, rollout and attempt, what happened, its fields; what was said, below it. */
export function eventText(line: JsonObject): string {
  const { at, rollout, attempt, event, detail } = line;
  const fields = Object.entries(isJsonObject(detail) ? detail : {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, valueText(value)] as const],
  );
  const isLong = (text: string): boolean => text.length > LONG || text.includes("\n");
  const short = fields.filter(([, text]) => !isLong(text)).map(([name, text]) => `${name}=${text}`);
  const long = fields
    .filter(([, text]) => isLong(text))
    .map(([name, text]) => `  ${name}:\n${indented(text)}`);
  const time = (textOrUndefined(at) ?? "").replace("T", " ").replace(/Z$/u, "");
  const head = [
    time,
    `${textOrUndefined(rollout) ?? ""}/${String(Number(attempt))}`,
    textOrUndefined(event) ?? "",
  ];
  return printable([[...head, ...short].join("  "), ...long].join("\n"));
}

function valueText(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
