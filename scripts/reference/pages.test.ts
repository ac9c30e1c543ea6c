import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { environmentSchema } from "../../src/environment/environment.ts";
import { graderSchema } from "../../src/grader/schema.ts";
import { rolloutJobSchema } from "../../src/job/rollout-job.ts";
import { isJsonObject } from "../../src/lib/json.ts";
import type { JsonObject, JsonValue } from "../../src/lib/json.ts";
import { fieldRows, inputSchema } from "./field-rows.ts";
import { referencePages } from "./pages.ts";

describe("the reference pages", () => {
  it.each([...referencePages()])("are committed as the sources give them: %s", async (name, text) => {
    const committed = await readFile(new URL(`../../docs/reference/${name}`, import.meta.url), "utf8");
    expect(committed).toBe(text);
  });

  it("explain every field that users may write", () => {
    const graders = inputSchema(graderSchema)["oneOf"];
    const schemas = [environmentSchema, rolloutJobSchema].map(inputSchema);
    const all = [...schemas, ...(Array.isArray(graders) ? (graders as JsonObject[]) : [])];
    const unexplained = all.flatMap((schema) => fieldRows(schema)).filter(({ meaning }) => meaning === "");
    expect(unexplained).toEqual([]);
    expect(all.length).toBeGreaterThan(10);
  });
});

describe("fieldRows", () => {
  it("looks into objects, lists and maps, and tells defaults and bounds", () => {
    const schema = z.strictObject({
      a: z.strictObject({ b: z.int32().min(1).default(3).meta({ description: "B." }) }).prefault({}),
      list: z.array(z.strictObject({ c: z.enum(["x", "y"]) })).optional(),
      map: z.record(z.string(), z.strictObject({ d: z.number().gt(0).optional() })).default({}),
      closed: z.strictObject({ e: z.string() }),
      out: z.string(),
    });
    const rows = fieldRows(inputSchema(schema), { keepClosed: ["closed"], leaveOut: ["out"] });
    expect(rows.map(({ path, type, byDefault }) => `${path}: ${type} ${byDefault}`.trim())).toEqual([
      "a: object",
      "a.b: integer ≥ 1 `3`",
      "list: list of object",
      "list[].c: `x` or `y` required",
      "map: map of object",
      "map.<key>.d: number > 0",
      "closed: object required",
    ]);
  });
});

/** Places in a JSON schema that a Kubernetes CRD can't say. */
function unfitForCrd(value: JsonValue | undefined, path = ""): string[] {
  if (Array.isArray(value))
    return value.flatMap((inner: JsonValue, index) => unfitForCrd(inner, `${path}[${index}]`));
  if (!isJsonObject(value)) return [];
  const pattern = typeof value["pattern"] === "string" ? value["pattern"] : "";
  const own = [
    "$ref" in value ? `${path}: $ref` : "",
    "prefixItems" in value ? `${path}: tuple` : "",
    /\(\?[=!<]/.test(pattern) ? `${path}: look-around` : "",
  ].filter((text) => text !== "");
  return [...own, ...Object.entries(value).flatMap(([key, inner]) => unfitForCrd(inner, `${path}.${key}`))];
}

it.each([
  ["Environment", environmentSchema],
  ["RolloutJob", rolloutJobSchema],
])("the schema of %s can become a CRD: no recursion, no tuples, no look-around", (_, schema) => {
  const json = z.toJSONSchema(schema, { io: "input", reused: "inline", target: "openapi-3.0" }) as JsonObject;
  expect(unfitForCrd(json)).toEqual([]);
  expect(unfitForCrd({ a: { $ref: "#" }, b: [{ pattern: "(?=x)" }] })).toHaveLength(2);
});
