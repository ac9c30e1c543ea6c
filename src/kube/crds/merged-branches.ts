import { canonicalJson } from "../../lib/canonical-json.ts";
import { objectOrEmpty, textOrUndefined } from "../../lib/half-valid.ts";
import type { JsonObject } from "../../lib/json.ts";
import { celList, withRules } from "./cel-rule.ts";
import type { CelRule } from "./cel-rule.ts";

const TAG = "type";

interface Branch {
  readonly tag: string;
  readonly properties: JsonObject;
  readonly required: readonly string[];
}

/**
 * One object for a union of objects that `type` tells apart, because a CRD can't say "one of these": it has every
 * branch's fields, and rules that say which type has or needs which. A field that is of different kinds in different
 * branches keeps no kind, and so no rule can speak of it.
 */
export function mergedBranches(schemas: readonly JsonObject[]): JsonObject {
  const branches = schemas.map(readBranch);
  const tags = branches.map(({ tag }) => tag);
  const names = [...new Set(branches.flatMap(({ properties }) => Object.keys(properties)))];
  const fields = names.filter((name) => name !== TAG);
  const properties: JsonObject = {
    [TAG]: { type: "string", enum: tags, description: "Which of these it is." },
    ...Object.fromEntries(fields.map((name) => [name, mergedField(name, branches)])),
  };
  const always = fields.filter((name) => branches.every(({ required }) => required.includes(name)));
  const ruled = fields.filter((name) => !always.includes(name) && hasKind(properties[name]));
  const rules = ruled.flatMap((name) => [...belongsTo(name, branches), ...isNeededBy(name, branches)]);
  return withRules({ type: "object", properties, required: [TAG, ...always] }, rules);
}

function readBranch(schema: JsonObject): Branch {
  const properties = objectOrEmpty(schema["properties"]);
  const [tag] = [objectOrEmpty(properties[TAG])["enum"] ?? []].flat();
  if (typeof tag !== "string") throw new TypeError(`a branch of a union has no ${TAG} of its own`);
  const required = Array.isArray(schema["required"]) ? (schema["required"] as readonly string[]) : [];
  return { tag, properties, required };
}

function mergedField(name: string, branches: readonly Branch[]): JsonObject {
  const owners = branches.filter(({ properties }) => name in properties);
  // A default would put the field of one type into objects of the others.
  const [first = {}, ...others] = owners.map(({ properties }) => withoutDefault(properties[name]));
  const description = describe(name, owners, branches.length);
  if (others.every((other) => bodyText(other) === bodyText(first))) return { ...first, description };
  const isOneKind = others.every(
    (other) => other["type"] === first["type"] && other["items"] === undefined && other["enum"] === undefined,
  );
  return isOneKind && first["type"] !== "object" ? { type: first["type"], description } : { description };
}

function withoutDefault(field: unknown): JsonObject {
  const { default: _, ...rest } = objectOrEmpty(field);
  return rest;
}

/** A schema without what is written for people. */
function bodyText(schema: JsonObject): string {
  const { description: _, ...body } = schema;
  return canonicalJson(body);
}

function describe(name: string, owners: readonly Branch[], all: number): string {
  const texts = owners.map(({ properties }) =>
    textOrUndefined(objectOrEmpty(properties[name])["description"]),
  );
  const [first = ""] = texts;
  if (owners.length === all) return first;
  const isShared = texts.every((text) => text === first);
  const types = owners.map(({ tag }) => tag).join(", ");
  return isShared ? `${first} (${types})` : `Depends on the type; for ${types}.`;
}

function hasKind(field: unknown): boolean {
  return objectOrEmpty(field)["type"] !== undefined;
}

function belongsTo(name: string, branches: readonly Branch[]): CelRule[] {
  const owners = branches.filter(({ properties }) => name in properties).map(({ tag }) => tag);
  if (owners.length === branches.length) return [];
  const message = `${name} belongs to type ${owners.join(", ")}`;
  return [
    { rule: `!has(self.${name}) || self.${TAG} in ${celList(owners)}`, message, fieldPath: `.${name}` },
  ];
}

function isNeededBy(name: string, branches: readonly Branch[]): CelRule[] {
  const needing = branches.filter(({ required }) => required.includes(name)).map(({ tag }) => tag);
  if (needing.length === 0) return [];
  const message = `${name} is required by type ${needing.join(", ")}`;
  return [
    { rule: `has(self.${name}) || !(self.${TAG} in ${celList(needing)})`, message, fieldPath: `.${name}` },
  ];
}
