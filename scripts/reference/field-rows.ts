import { z } from "zod";
import { objectOrEmpty, textOrUndefined } from "../../src/lib/half-valid.ts";
import { isJsonObject } from "../../src/lib/json.ts";
import type { JsonObject, JsonValue } from "../../src/lib/json.ts";

/** A field of a schema as a line of a reference table. */
export interface FieldRow {
  /** Path from the schema's root; `[]` stands for each element, `.<key>` for each key of a map. */
  readonly path: string;
  readonly type: string;
  /** JSON text of the default, `required`, or empty for an optional field. */
  readonly byDefault: string;
  readonly meaning: string;
}

/** Which fields of a schema become rows. */
export interface FieldChoice {
  /** Paths that are left out with everything inside. */
  readonly leaveOut?: readonly string[];
  /** Paths whose inside is described elsewhere. */
  readonly keepClosed?: readonly string[];
}

/** What users may write of a schema, as JSON schema. */
export function inputSchema(schema: z.ZodType): JsonObject {
  return z.toJSONSchema(schema, { io: "input", reused: "inline" }) as JsonObject;
}

/** The fields of an object schema and of all objects inside it, in their order. */
export function fieldRows(schema: JsonObject, choice: FieldChoice = {}, prefix = ""): FieldRow[] {
  const required = Array.isArray(schema["required"]) ? (schema["required"] as readonly JsonValue[]) : [];
  return Object.entries(objectOrEmpty(schema["properties"])).flatMap(([name, value]) => {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    if (choice.leaveOut?.includes(path)) return [];
    const field = objectOrEmpty(value);
    const row = {
      path,
      type: typeText(field),
      byDefault: required.includes(name) ? "required" : defaultText(field["default"]),
      meaning: textOrUndefined(field["description"]) ?? "",
    };
    return choice.keepClosed?.includes(path) ? [row] : [row, ...insideRows(field, choice, path)];
  });
}

function insideRows(field: JsonObject, choice: FieldChoice, path: string): FieldRow[] {
  if (isJsonObject(field["properties"])) return fieldRows(field, choice, path);
  if (isJsonObject(field["items"])) return insideRows(field["items"], choice, `${path}[]`);
  if (isJsonObject(field["additionalProperties"])) {
    return insideRows(field["additionalProperties"], choice, `${path}.<key>`);
  }
  return [];
}

function defaultText(value: JsonValue | undefined): string {
  // An object that is absent is filled with its fields' own defaults, which have rows of their own.
  if (value === undefined || JSON.stringify(value) === "{}") return "";
  return `\`${JSON.stringify(value)}\``;
}

/** A schema's type in words, with its bounds. */
export function typeText(field: JsonObject): string {
  if (Array.isArray(field["enum"])) return field["enum"].map(codeText).join(" or ");
  if (field["const"] !== undefined) return codeText(field["const"]);
  const branches = field["anyOf"] ?? field["oneOf"];
  if (Array.isArray(branches)) return branches.map((branch) => typeText(objectOrEmpty(branch))).join(" or ");
  const { type, items, additionalProperties, maxItems, maxProperties } = field;
  if (type === "array")
    return `list of ${isJsonObject(items) ? typeText(items) : "anything"}${most(maxItems)}`;
  if (type === "object" && isJsonObject(additionalProperties))
    return `map of ${typeText(additionalProperties)}${most(maxProperties)}`;
  if (typeof type !== "string") return "anything";
  return `${type}${boundsText(field)}`;
}

function most(count: JsonValue | undefined): string {
  return typeof count === "number" ? `, at most ${count}` : "";
}

/** Bounds that a schema states itself, not those of 32-bit or safe integers. */
function boundsText({ minimum, maximum, exclusiveMinimum, maxLength }: JsonObject): string {
  const isOwn = (bound: JsonValue | undefined): bound is number =>
    typeof bound === "number" && Math.abs(bound) < 2 ** 31 - 1;
  const texts = [
    isOwn(minimum) ? `≥ ${minimum}` : "",
    isOwn(exclusiveMinimum) ? `> ${exclusiveMinimum}` : "",
    isOwn(maximum) ? `≤ ${maximum}` : "",
    isOwn(maxLength) ? `≤ ${maxLength} characters` : "",
  ].filter((text) => text !== "");
  return texts.length === 0 ? "" : ` ${texts.join(", ")}`;
}

function codeText(value: JsonValue): string {
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}
