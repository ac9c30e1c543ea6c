import { describe, expect, it } from "vitest";
import { gradeInput, recordedWorld } from "../../test/support/grader/grade-input.ts";
import { compareTexts, compileStringCheck } from "./string-check.ts";

describe("compareTexts", () => {
  it.each([
    ["eq", "a", "a", true],
    ["eq", "a", "a ", false],
    ["eq", "", "", true],
    ["eq", "é", "e\u0301", false],
    ["ne", "a", "b", true],
    ["ne", "a", "a", false],
    ["like", "the answer is 4", "4", true],
    ["like", "the answer is four", "FOUR", false],
    ["like", "anything", "", true],
    ["like", "a.c", "a%c", false],
    ["ilike", "the answer is four", "FOUR", true],
    ["ilike", "STRASSE", "straße", false],
    ["ilike", "short", "a longer reference", false],
  ] as const)("%s of %j and %j is %s", (operation, input, reference, expected) => {
    expect(compareTexts(operation, input, reference)).toBe(expected);
  });
});

describe("a string_check grader", () => {
  const spec = {
    type: "string_check",
    name: "exact",
    operation: "eq",
    input: "{{ sample.output_text }}",
    reference: "{{ item.answer }}",
  } as const;
  const score = (item: object, output: string) =>
    compileStringCheck(spec).score(gradeInput({ ...item }, output), recordedWorld().deps);

  it("scores 1 or 0", async () => {
    expect(await score({ answer: "4" }, "4")).toMatchObject({ reward: 1, flags: [] });
    expect(await score({ answer: "4" }, "5")).toMatchObject({ reward: 0, flags: [] });
  });

  it("compares numbers of the item as their JSON text", async () => {
    expect(await score({ answer: 4 }, "4")).toMatchObject({ reward: 1 });
  });

  it("fails with class config when the item lacks the key, without quoting the item", async () => {
    const failure = score({ secretCanary: "canary-value" }, "4");
    await expect(failure).rejects.toMatchObject({ code: "template_error", failureClass: "config" });
    await expect(failure).rejects.not.toThrow(/canary/);
  });

  it("takes a missing key of the sample as empty", async () => {
    const grader = compileStringCheck({ ...spec, input: "{{ sample.output_json.name }}" });
    const given = gradeInput({ answer: "" }, "no JSON");
    expect(await grader.score(given, recordedWorld().deps)).toMatchObject({ reward: 1 });
  });

  it("refuses templates of other namespaces when it is compiled", () => {
    expect(() => compileStringCheck({ ...spec, input: "{{ env.HOME }}" })).toThrow(/input: "env.HOME"/);
  });
});
