import { objectOrEmpty } from "../../lib/half-valid.ts";
import { isJsonObject } from "../../lib/json.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { mergedBranches } from "./merged-branches.ts";

/** What a JSON schema and a structural schema say alike. */
const KEPT = [
  "description",
  "default",
  "nullable",
  "enum",
  "pattern",
  "minLength",
  "maxLength",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "required",
] as const;

/** A value of any kind, kept as it is. */
const ANYTHING: JsonObject = { "x-kubernetes-preserve-unknown-fields": true };

/** What keeps objects and lists out of a value without a type. */
const NO_CONTAINER: JsonObject = { maxProperties: 0, maxItems: 0 };

/**
 * The structural schema of a CRD for a JSON schema that zod made (target `openapi-3.0`, references inlined). Unions of
 * objects become one object with rules; unions of scalars lose their types. Throws a TypeError for what it can't say.
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export function structuralSchema(schema: JsonObject): JsonObject {
  const branches = schema["oneOf"] ?? schema["anyOf"];
  if (Array.isArray(branches)) return structuralUnion(schema, branches.map(objectOrEmpty));
  const { type } = schema;
  if (type === undefined) return { ...kept(schema), ...ANYTHING };
  if (typeof type !== "string") throw new TypeError("a value of several types has no structural schema");
  return { ...described(schema), type, ...kept(schema), ...body(type, schema) };
}

function body(type: string, schema: JsonObject): JsonObject {
  switch (type) {
    case "object":
      return objectBody(schema);
    case "array":
      return { items: structuralSchema(objectOrEmpty(schema["items"])) };
    case "integer":
      return integerBody(schema);
    case "number":
      return bounds(schema);
    case "string":
      return schema["format"] === "date-time" ? { format: "date-time" } : {};
    case "boolean":
      return {};
    default:
      throw new TypeError(`no structural schema for type ${type}`);
  }
}

function structuralUnion(schema: JsonObject, branches: readonly JsonObject[]): JsonObject {
  if (branches.every(({ type }) => type === "object")) {
    return { ...kept(schema), ...structuralSchema(mergedBranches(branches)) };
  }
  if (!branches.every(isScalar)) return { ...kept(schema), ...ANYTHING };
  // What the branches say about their own kind of value holds for that kind only, also without a type.
  const { description: _, ...together } = branches.reduce<JsonObject>(
    (all, branch) => ({ ...all, ...kept(branch), ...bounds(branch) }),
    {},
  );
  return { ...kept(schema), ...together, ...NO_CONTAINER, ...ANYTHING };
}

function isScalar({ type }: JsonObject): boolean {
  return typeof type === "string" && type !== "object" && type !== "array";
}

function described({ description }: JsonObject): JsonObject {
  return description === undefined ? {} : { description };
}

function kept(schema: JsonObject): JsonObject {
  const extensions = Object.keys(schema).filter((key) => key.startsWith("x-kubernetes-"));
  // What zod's pattern of a date-time says, its format says too.
  const isWanted = (key: string): boolean =>
    schema[key] !== undefined && !(key === "pattern" && schema["format"] === "date-time");
  return Object.fromEntries([...KEPT, ...extensions].filter(isWanted).map((key) => [key, schema[key]]));
}

/** A structural schema has either `properties` or `additionalProperties`; closing an object is the API server's work. */
function objectBody(schema: JsonObject): JsonObject {
  const { properties, additionalProperties } = schema;
  if (isJsonObject(properties)) {
    return { properties: mapValues(properties, (value) => structuralSchema(objectOrEmpty(value))) };
  }
  if (!isJsonObject(additionalProperties)) return {};
  if (Object.keys(additionalProperties).length === 0) return ANYTHING;
  return { additionalProperties: structuralSchema(additionalProperties) };
}

const INT32 = { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };
const SAFE = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };

/** Bounds that only say how wide an integer is become its format. */
function integerBody(schema: JsonObject): JsonObject {
  const isWide = schema["maximum"] === SAFE.maximum;
  const own = bounds(schema);
  const width = isWide ? SAFE : INT32;
  return {
    format: isWide ? "int64" : "int32",
    ...(own["minimum"] === undefined || own["minimum"] === width.minimum ? {} : { minimum: own["minimum"] }),
    ...(own["maximum"] === undefined || own["maximum"] === width.maximum ? {} : { maximum: own["maximum"] }),
  };
}

function bounds({ minimum, maximum }: JsonObject): JsonObject {
  return { ...(minimum === undefined ? {} : { minimum }), ...(maximum === undefined ? {} : { maximum }) };
}

function mapValues(object: JsonObject, change: (value: JsonValue | undefined) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
