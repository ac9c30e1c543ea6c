import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { MUTABLE_JOB_FIELDS, rolloutJobSpecSchema } from "../../job/rollout-job.ts";
import { isJsonObject } from "../../lib/json.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { crdDocuments, yamlDocuments } from "./crd-documents.ts";

/** Places that are against the rules for structural schemas, each as a sentence. */
function unstructured(value: JsonValue | undefined, path = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((each, index) => unstructured(each, `${path}[${index}]`));
  if (!isJsonObject(value)) return [];
  const inside = Object.entries(value).flatMap(([key, inner]) => unstructured(inner, `${path}.${key}`));
  const isBoth = "properties" in value && "additionalProperties" in value;
  const unknown = ["$ref", "oneOf", "anyOf", "allOf", "not", "const", "propertyNames"].filter(
    (key) => key in value,
  );
  return [
    ...(isBoth ? [`${path}: both kinds of properties`] : []),
    ...unknown.map((key) => `${path}: ${key}`),
    ...inside,
  ];
}

describe("the CRDs", () => {
  it.each([...crdDocuments()])("are committed as the schemas give them: %s", async (name, document) => {
    const committed = await readFile(new URL(`../../../config/crds/${name}`, import.meta.url), "utf8");
    expect(committed.replace(/^#.*\n/, "")).toBe(yamlDocuments([document]));
  });

  it.each([...crdDocuments()])("have structural schemas: %s", (_, document) => {
    expect(unstructured(document)).toEqual([]);
  });

  it("are printed as YAML documents that say the same", () => {
    const read = parseAllDocuments(yamlDocuments(crdDocuments().values()));
    expect(read.map((document) => document.toJS() as unknown)).toEqual([...crdDocuments().values()]);
  });

  it("explain every field", () => {
    const unexplained = [...crdDocuments().values()].flatMap((document) => withoutDescription(document));
    expect(unexplained).toEqual([]);
  });

  it("fix every field of a job that is not said to be mutable", () => {
    const text = JSON.stringify(crdDocuments().get("rollyard.dev_rolloutjobs.yaml"));
    const fixed = [...text.matchAll(/has\(oldSelf\.(\w+)\)/g)].map(([, field]) => field);
    const mutable: readonly string[] = MUTABLE_JOB_FIELDS;
    expect(fixed).toEqual(
      Object.keys(rolloutJobSpecSchema.shape).filter((field) => !mutable.includes(field)),
    );
  });
});

/** Names of fields that `kubectl explain` would show without a word. */
function withoutDescription(value: JsonValue | undefined, path = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => withoutDescription(each, path));
  if (!isJsonObject(value)) return [];
  const { properties } = value;
  const own = isJsonObject(properties) ? silentFields(properties, path) : [];
  return [
    ...own,
    ...Object.entries(value).flatMap(([key, inner]) => withoutDescription(inner, `${path}.${key}`)),
  ];
}

function silentFields(properties: JsonObject, path: string): string[] {
  return Object.entries(properties)
    .filter(
      ([name, field]) => isJsonObject(field) && !field["description"] && !["metadata", "name"].includes(name),
    )
    .map(([name]) => `${path}.${name}`);
}
