import { isJsonObject } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";

/** The value as an object, or an empty one: for checks that bear documents which are not valid. */
export function objectOrEmpty(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** The value as a list, or an empty one. */
export function listOrEmpty(value: unknown): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

/** The value as a text, or undefined. */
export function textOrUndefined(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
