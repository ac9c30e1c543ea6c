import { isJsonObject } from "../lib/json.ts";
import type { JsonObject, JsonValue } from "../lib/json.ts";

/** A field's text, or undefined when it is absent or no text. */
export function textField(object: JsonObject, key: string): string | undefined {
  const value = object[key];
  return typeof value === "string" ? value : undefined;
}

/** Longer than any name, id or version that a server gives in earnest. */
const LONGEST_LABEL = 256;

/** A field's text as a label: cut where a server says nonsense at length; undefined when absent or no text. */
export function labelField(object: JsonObject, key: string): string | undefined {
  return textField(object, key)?.slice(0, LONGEST_LABEL);
}

/** A field's id; undefined when it is absent, empty or no id by its length. */
export function idField(object: JsonObject, key: string): string | undefined {
  const id = textField(object, key) ?? "";
  return id === "" || id.length > LONGEST_LABEL ? undefined : id;
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

/** Counts and token ids are stored in 32 bits; a server that says more says nonsense. */
const LARGEST_COUNT = 2 ** 32 - 1;

/** A field's count: a whole number from 0 up, else 0. */
export function countField(object: JsonObject | undefined, key: string): number {
  const value = object?.[key];
  return typeof value === "number" && value > 0 && value <= LARGEST_COUNT ? Math.trunc(value) : 0;
}

/** A field's numbers, all or none: a list with a hole in it would shift what comes after. */
export function numbersField(object: JsonObject, key: string): readonly number[] {
  const values = listField(object, key);
  return values.every((value) => typeof value === "number") ? values : [];
}

/** A field's token ids, all or none: whole numbers from 0 up. */
export function tokenIdsField(object: JsonObject, key: string): readonly number[] {
  const values = numbersField(object, key);
  const areIds = values.every((id) => Number.isInteger(id) && id >= 0 && id <= LARGEST_COUNT);
  return areIds ? values : [];
}
