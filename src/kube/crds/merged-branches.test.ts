import { describe, expect, it } from "vitest";
import { z } from "zod";
import { objectOrEmpty } from "../../lib/half-valid.ts";
import { crdSchema } from "./crd.ts";

const schema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("a"),
    name: z.string().min(1).meta({ description: "Name." }),
    input: z.string(),
    mode: z.enum(["x"]).default("x"),
  }),
  z.strictObject({
    type: z.literal("b"),
    name: z.string().min(1).meta({ description: "Name." }),
    input: z.array(z.string()),
    weight: z.number(),
  }),
]);

describe("a union of objects in a CRD", () => {
  const merged = crdSchema(schema);
  const properties = objectOrEmpty(merged["properties"]);

  it("is one object that has the fields of all", () => {
    expect(Object.keys(properties)).toEqual(["type", "name", "input", "mode", "weight"]);
    expect(properties["type"]).toMatchObject({ type: "string", enum: ["a", "b"] });
    expect(properties["name"]).toEqual({ description: "Name.", type: "string", minLength: 1 });
    expect(merged["required"]).toEqual(["type", "name", "input"]);
  });

  it("keeps a field that is of several kinds as it is", () => {
    expect(properties["input"]).toEqual({
      description: "",
      "x-kubernetes-preserve-unknown-fields": true,
    });
  });

  it("leaves out the default of a field that some types don't have", () => {
    expect(properties["mode"]).not.toHaveProperty("default");
  });

  it("says by rules which type has and needs which field, and names the field", () => {
    expect(merged["x-kubernetes-validations"]).toEqual([
      {
        rule: "!has(self.mode) || self.type in ['a']",
        message: "mode belongs to type a",
        fieldPath: ".mode",
      },
      {
        rule: "!has(self.weight) || self.type in ['b']",
        message: "weight belongs to type b",
        fieldPath: ".weight",
      },
      {
        rule: "has(self.weight) || !(self.type in ['b'])",
        message: "weight is required by type b",
        fieldPath: ".weight",
      },
    ]);
  });

  it("refuses a union whose branches can't be told apart", () => {
    const untold = z.union([z.strictObject({ a: z.string() }), z.strictObject({ b: z.string() })]);
    expect(() => crdSchema(untold)).toThrow("no type of its own");
  });
});
