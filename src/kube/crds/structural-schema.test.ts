import { describe, expect, it } from "vitest";
import { z } from "zod";
import { crdSchema } from "./crd.ts";
import { structuralSchema } from "./structural-schema.ts";

describe("structuralSchema", () => {
  it("keeps what both say, and names the width of integers instead of their bounds", () => {
    const schema = z.strictObject({
      a: z.int32().min(1).default(3).meta({ description: "A." }),
      b: z.int().max(5).optional(),
      c: z.string().min(1).max(9).regex(/^x/),
      d: z.number().gt(0).optional(),
      e: z.boolean().default(false),
      f: z.literal("only"),
    });
    expect(crdSchema(schema)).toEqual({
      type: "object",
      required: ["c", "f"],
      properties: {
        a: { description: "A.", type: "integer", format: "int32", default: 3, minimum: 1 },
        b: { type: "integer", format: "int32", maximum: 5, minimum: Number.MIN_SAFE_INTEGER },
        c: { type: "string", minLength: 1, maxLength: 9, pattern: "^x" },
        d: { type: "number", minimum: 0, exclusiveMinimum: true },
        e: { type: "boolean", default: false },
        f: { type: "string", enum: ["only"] },
      },
    });
  });

  it("has either properties or additionalProperties, and keeps free-form values as they are", () => {
    const schema = z.strictObject({
      closed: z.strictObject({ x: z.string() }).prefault({ x: "1" }),
      map: z.record(z.string(), z.int32()),
      rows: z.array(z.record(z.string(), z.unknown())),
      any: z.unknown(),
    });
    const { properties } = crdSchema(schema);
    expect(properties).toMatchObject({
      closed: { type: "object", default: { x: "1" }, properties: { x: { type: "string" } } },
      map: { type: "object", additionalProperties: { type: "integer" } },
      rows: { items: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      any: { "x-kubernetes-preserve-unknown-fields": true },
    });
    expect(JSON.stringify(properties)).not.toContain('"additionalProperties":false');
  });

  it("takes the type from a union of scalars, for a CRD has none for it", () => {
    const schema = z.union([z.string().regex(/^[0-9]+m$/), z.number().min(0)]).meta({ description: "Q." });
    expect(crdSchema(schema)).toEqual({
      description: "Q.",
      pattern: "^[0-9]+m$",
      minimum: 0,
      maxProperties: 0,
      maxItems: 0,
      "x-kubernetes-preserve-unknown-fields": true,
    });
  });

  it("says a time by its format alone", () => {
    expect(crdSchema(z.iso.datetime())).toEqual({ type: "string", format: "date-time" });
  });

  it("refuses what it can't say", () => {
    expect(() => structuralSchema({ type: "null" })).toThrow("no structural schema for type null");
    expect(() => structuralSchema({ type: ["string", "null"] })).toThrow("several types");
  });
});
