import { isJsonObject } from "../lib/json.ts";
import type { JsonObject, JsonValue } from "../lib/json.ts";

/** A field's text, or undefined when it is absent or no text. */
export function textField(object: JsonObject, key: string): string | undefined {
  const value = object[key];
  return typeof value === "string" ? value : undefined;
}

/** A field's object, or undefined when it is absent or none. */
export function objectField(object: JsonObject, key: string): JsonObject | undefined {
  const value = object[key];
  return isJsonObject(value) ? value : undefined;
}

/** A field's list; empty when it is absent or none. */
export function listField(object: JsonObject, key: string): readonly JsonValue[] {
  const value = object[key];
  return Array.isArray(value) ? value : [];
}

/** A field's objects; whatever else its list holds is left out. */
export function objectsField(object: JsonObject, key: string): readonly JsonObject[] {
  return listField(object, key).filter(isJsonObject);
}

/** A field's count: a whole number from 0 up, else 0. */
export function countField(object: JsonObject | undefined, key: string): number {
  const value = object?.[key];
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.trunc(value) : 0;
}

/** A field's numbers, all or none: a list with a hole in it would shift what comes after. */
export function numbersField(object: JsonObject, key: string): readonly number[] {
  const values = listField(object, key);
  return values.every((value) => typeof value === "number") ? values : [];
}
