import { z } from "zod";
import { isJsonObject } from "../lib/json.ts";
import type { JsonObject, JsonValue } from "../lib/json.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";

const jsonSchemas = new WeakMap<z.ZodType, JsonObject>();

/** The fields that a schema knows at a place of a value; `value` chooses the branch of unions by their `type`. */
export function knownFieldsAt(schema: z.ZodType, value: unknown, path: ValuePath): readonly string[] {
  let [at, current]: [JsonObject | undefined, unknown] = [branchFor(jsonSchemaOf(schema), value), value];
  for (const part of path) {
    current = childValue(current, part);
    at = branchFor(childSchema(at, part), current);
  }
  return isJsonObject(at?.["properties"]) ? Object.keys(at["properties"]) : [];
}

function jsonSchemaOf(schema: z.ZodType): JsonObject {
  const known = jsonSchemas.get(schema);
  if (known !== undefined) return known;
  const made = z.toJSONSchema(schema, { io: "input", reused: "inline" }) as JsonObject;
  jsonSchemas.set(schema, made);
  return made;
}

function childSchema(schema: JsonObject | undefined, part: string | number): JsonObject | undefined {
  if (schema === undefined) return undefined;
  if (typeof part === "number") return asObject(schema["items"]);
  return asObject(asObject(schema["properties"])?.[part]) ?? asObject(schema["additionalProperties"]);
}

function childValue(value: unknown, part: string | number): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, part)
    ? Reflect.get(value, part)
    : undefined;
}

/** The branch of a union whose constant `type`, `role` or such is the value's. */
function branchFor(schema: JsonObject | undefined, value: unknown): JsonObject | undefined {
  const branches = schema?.["oneOf"] ?? schema?.["anyOf"];
  if (!Array.isArray(branches)) return schema;
  return (branches as JsonValue[]).filter(isJsonObject).find((branch) =>
    Object.entries(asObject(branch["properties"]) ?? {}).some(([name, property]) => {
      const constant = asObject(property)?.["const"];
      return constant !== undefined && constant === childValue(value, name);
    }),
  );
}

function asObject(value: JsonValue | undefined): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}
