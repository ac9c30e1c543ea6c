import type { JsonObject } from "../../lib/json.ts";

/**
 * A rule of a CRD in CEL, beside the value that `self` is. `fieldPath` leads from there to the field that the API
 * server's message names.
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
 */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

/** Exactly one of the object's fields is given. */
export function exactlyOneOf(fields: readonly string[]): CelRule {
  const given = fields.map((field) => `has(self.${field})`).join(", ");
  return { rule: `[${given}].exists_one(x, x)`, message: `must have exactly one of ${fields.join(", ")}` };
}

/** A field of `self` keeps the value, or the absence, that it had when the object was made. */
export function unchangeable(field: string, message: string): CelRule {
  const isGiven = `has(self.${field})`;
  return {
    rule: `${isGiven} == has(oldSelf.${field}) && (!${isGiven} || self.${field} == oldSelf.${field})`,
    message,
    fieldPath: `.${field}`,
  };
}

/** A list of texts as CEL writes it. The texts must be free of quotes. */
export function celList(texts: readonly string[]): string {
  return `[${texts.map((text) => `'${text}'`).join(", ")}]`;
}

/** A schema with more rules. */
export function withRules(schema: JsonObject, rules: readonly CelRule[]): JsonObject {
  const before = schema["x-kubernetes-validations"];
  const known = Array.isArray(before) ? (before as readonly JsonObject[]) : [];
  return { ...schema, "x-kubernetes-validations": [...known, ...rules.map((rule) => ({ ...rule }))] };
}
