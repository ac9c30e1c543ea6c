import { objectOrEmpty } from "../../lib/half-valid.ts";
import type { JsonObject } from "../../lib/json.ts";

/**
 * A structural schema with one place changed. The path has field names, `[]` for a list's elements and `{}` for a map's
 * values: `tools.[].exec`. Throws a TypeError when there is no such place, so that a renamed field can't lose its rules.
 */
export function changeAt(
  schema: JsonObject,
  path: string,
  change: (place: JsonObject) => JsonObject,
): JsonObject {
  const [first, ...rest] = path.split(".");
  if (first === undefined || first === "") return change(schema);
  const inner = rest.join(".");
  const container = first === "[]" ? null : first === "{}" ? null : objectOrEmpty(schema["properties"]);
  if (container !== null) {
    const field = objectOrEmpty(present(container[first], path));
    return { ...schema, properties: { ...container, [first]: changeAt(field, inner, change) } };
  }
  const key = first === "[]" ? "items" : "additionalProperties";
  return { ...schema, [key]: changeAt(objectOrEmpty(present(schema[key], path)), inner, change) };
}

function present<T>(value: T | undefined, path: string): T {
  if (value === undefined) throw new TypeError(`the schema has no place ${path}`);
  return value;
}
