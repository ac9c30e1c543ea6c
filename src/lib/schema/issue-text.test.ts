import { describe, expect, it } from "vitest";
import { z } from "zod";
import { issueText } from "./issue-text.ts";

const textsFor = (schema: z.ZodType, value: unknown): string[] =>
  schema.safeParse(value, { reportInput: true }).error?.issues.map(issueText) ?? [];

describe("issueText", () => {
  it.each([
    [z.strictObject({ a: z.string() }), {}, "is required"],
    [z.string(), 3, "must be a text"],
    [z.array(z.string()), "x", "must be a list"],
    [z.int32(), 1.5, "must be a whole number"],
    [z.int32().min(1), 0, "must be at least 1"],
    [z.number().gt(0), 0, "must be more than 0"],
    [z.int32().max(3), 4, "must be at most 3"],
    [z.string().min(1), "", "must not be empty"],
    [z.array(z.string()).min(1), [], "must not be empty"],
    [z.array(z.string()).min(2), [], "must have at least 2 elements"],
    [z.string().min(1, "must name a thing"), "", "must name a thing"],
    [z.enum(["a", "b"]), "c", 'must be one of "a", "b"'],
    [z.enum(["agent", "grade"]), "agents", 'must be one of "agent", "grade"; did you mean "agent"?'],
    [z.literal("a"), "c", 'must be "a"'],
    [
      z.discriminatedUnion("t", [z.object({ t: z.literal("python") }), z.object({ t: z.literal("multi") })]),
      { t: "pyton" },
      'must be one of "python", "multi"; did you mean "python"?',
    ],
    [z.discriminatedUnion("t", [z.object({ t: z.literal("a") })]), { t: "c" }, 'must be "a"'],
    [z.union([z.string().regex(/^x/, "must begin with x"), z.number()]), "y", "must begin with x"],
    [z.union([z.string(), z.number()]), true, "is of a wrong type"],
    [z.string().regex(/^x/, "must begin with x"), "y", "must begin with x"],
  ])("says what is wrong (%#)", (schema, value, expected) => {
    expect(textsFor(schema, value)).toEqual([expected]);
  });

  it("never repeats the value", () => {
    const schema = z.strictObject({ a: z.string().max(3), b: z.enum(["x"]), c: z.number() });
    const texts = textsFor(schema, { a: "CANARY", b: "CANARY", c: "CANARY" });
    expect(texts).toHaveLength(3);
    expect(texts.join()).not.toContain("CANARY");
  });
});
