import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gradeInput, recordedWorld } from "../../test/support/grader/grade-input.ts";
import type { SetMatchSpec } from "./set-match.ts";
import { compileSetMatch, scoreSets } from "./set-match.ts";

const spec: SetMatchSpec = {
  type: "set_match",
  name: "files",
  input: "{{ sample.output_text }}",
  reference: "{{ item.files }}",
  metric: "f1",
  normalize: "none",
};

const score = (output: string, files: unknown, changes: Partial<SetMatchSpec> = {}) =>
  compileSetMatch({ ...spec, ...changes }).score(
    gradeInput(JSON.parse(JSON.stringify({ files })), output),
    recordedWorld().deps,
  );

describe("a set_match grader", () => {
  it.each([
    ["precision", 1 / 2],
    ["recall", 1 / 3],
    ["f1", 2 / 5],
  ] as const)("measures %s", async (metric, expected) => {
    const { reward } = await score('["a","x"]', ["a", "b", "c"], { metric });
    expect(reward).toBeCloseTo(expected, 12);
  });

  it("weighs recall by beta", async () => {
    const { reward } = await score('["a","x"]', ["a", "b", "c"], { metric: "fbeta", beta: 0.5 });
    expect(reward).toBeCloseTo((1.25 * (1 / 2) * (1 / 3)) / (0.25 * (1 / 2) + 1 / 3), 12);
  });

  it.each([
    ["a list of lines", "a\nb", 1],
    ["lines with a carriage return, and blank ones", "a\r\n\r\n  \nb\r\n", 1],
    ["a JSON array with blanks around it", ' \n["a", "b"]\n', 1],
    ["a repeated element", '["a","b","b","a"]', 1],
    ["nothing", "", 0],
    ["an empty array", "[]", 0],
    ["prose", "I would edit a and b.", 0],
  ])("reads %s", async (_case, output, expected) => {
    expect(await score(output, ["a", "b"])).toMatchObject({ reward: expected, flags: [] });
  });

  it.each([
    ["cut JSON", '["a", "b'],
    ["an object", '{"files": ["a"]}'],
    ["nested arrays", '[["a"], "b"]'],
    ["null among the elements", '["a", null]'],
    ["objects among the elements", '[{"path": "a"}]'],
  ])("scores %s 0 and flags it", async (_case, output) => {
    expect(await score(output, ["a"])).toEqual({
      reward: 0,
      flags: ["sample_parse_error"],
      errors: { sample_parse_error: true },
    });
  });

  it("takes an answer that is no JSON as unreadable where the template asks for a field of it", async () => {
    const grader = compileSetMatch({ ...spec, input: "{{ sample.output_json.files }}" });
    const { deps } = recordedWorld();
    const unread = await grader.score(gradeInput({ files: [] }, "sorry"), deps);
    expect(unread).toMatchObject({ reward: 0, flags: ["sample_parse_error"] });
    const read = await grader.score(gradeInput({ files: ["a"] }, "", { files: ["a"] }), deps);
    expect(read).toMatchObject({ reward: 1, flags: [] });
  });

  it.each([
    ["cut JSON", '["a'],
    ["an object", { a: 1 }],
    ["null", null],
    ["a list of lists", [["a"]]],
  ])("fails with class config when the reference is %s, without quoting it", async (_case, files) => {
    const failure = score("a", files);
    await expect(failure).rejects.toMatchObject({ code: "grader_config_error", failureClass: "config" });
  });

  it("takes numbers and booleans as their text", async () => {
    expect(await score("[1, true]", ["1", "true"])).toMatchObject({ reward: 1 });
  });

  it.each([
    ["none", " a", "a", 0],
    ["trim", " a\t", "a", 1],
    ["trim", "A", "a", 0],
    ["casefold", " É ", "e\u0301", 1],
    ["casefold", "STRASSE", "straße", 1],
    ["path", "./src//a.ts", "src/a.ts", 1],
    ["path", "src\\a.ts", "src/a.ts", 1],
    ["path", "src/b/../a.ts/", "src/a.ts", 1],
    ["path", "/src/a.ts", "src/a.ts", 0],
    ["path", "SRC/a.ts", "src/a.ts", 0],
  ] as const)("with %s, %j against %j scores %d", async (normalize, output, file, expected) => {
    const { reward } = await score(JSON.stringify([output]), [file], { normalize });
    expect(reward).toBe(expected);
  });

  it("scores two empty sets 1 and one empty set 0, by every metric", async () => {
    for (const metric of ["precision", "recall", "f1"] as const) {
      expect(await score("", [], { metric })).toMatchObject({ reward: 1 });
      expect(await score("a", [], { metric })).toMatchObject({ reward: 0 });
      expect(await score("", ["a"], { metric })).toMatchObject({ reward: 0 });
    }
  });
});

describe("any two sets", () => {
  const set = fc.uniqueArray(fc.constantFrom(..."abcdefgh"), { maxLength: 8 }).map((all) => new Set(all));

  it("score between 0 and 1, and 1 exactly when they are equal", () => {
    fc.assert(
      fc.property(set, set, (given, right) => {
        const f1 = scoreSets({ metric: "f1" }, given, right);
        const isEqual = given.size === right.size && [...given].every((element) => right.has(element));
        expect(f1).toBeGreaterThanOrEqual(0);
        expect(f1).toBeLessThanOrEqual(1);
        expect(f1 === 1).toBe(isEqual);
      }),
    );
  });

  it("swap precision and recall when they swap, and F1 lies between the two", () => {
    fc.assert(
      fc.property(set, set, (given, right) => {
        const precision = scoreSets({ metric: "precision" }, given, right);
        const recall = scoreSets({ metric: "recall" }, given, right);
        const f1 = scoreSets({ metric: "f1" }, given, right);
        expect(scoreSets({ metric: "recall" }, right, given)).toBe(precision);
        expect(f1).toBeGreaterThanOrEqual(Math.min(precision, recall) - 1e-12);
        expect(f1).toBeLessThanOrEqual(Math.max(precision, recall) + 1e-12);
      }),
    );
  });
});
