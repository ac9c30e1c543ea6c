import { describe, expect, it } from "vitest";
import { answered, gradeInput, recordedWorld } from "../../test/support/grader/grade-input.ts";
import { compileGrader } from "./compile-grader.ts";
import type { MultiSpec } from "./multi.ts";

const exact = {
  type: "string_check",
  name: "exact",
  operation: "eq",
  input: "{{ sample.output_text }}",
  reference: "{{ item.answer }}",
} as const;

const files = {
  type: "set_match",
  name: "files",
  input: "{{ sample.output_json }}",
  reference: "{{ item.files }}",
  metric: "f1",
  normalize: "none",
} as const;

const multi: MultiSpec = {
  type: "multi",
  name: "both",
  graders: { exact, files },
  calculate_output: "0.25 * exact + 0.75 * files",
};

const endpoint = { type: "endpoint", url: "http://127.0.0.1:1/grade" } as const;
const input = gradeInput({ answer: "yes", files: ["a", "b"] }, "yes", ["a", "b"]);
const context = { passThreshold: 1 };

describe("a multi grader", () => {
  it("computes its reward from the sub-rewards, by the keys that the formula uses", async () => {
    const result = await compileGrader(multi, context).grade(input, recordedWorld().deps);
    expect(result).toMatchObject({ reward: 1, passed: true, subRewards: { exact: 1, files: 1 } });
  });

  it("collects flags and error flags of its parts", async () => {
    const unread = gradeInput({ answer: "no", files: ["a"] }, "yes");
    const result = await compileGrader(multi, context).grade(unread, recordedWorld().deps);
    expect(result).toMatchObject({ reward: 0, passed: false, flags: ["sample_parse_error"] });
    expect(result.errors.sample_parse_error).toBe(true);
    expect(result.errors.other_error).toBe(false);
  });

  it.each([
    ["base * veto", -2, -2],
    ["base * veto", 0.5, 0.2],
    ["min(base, veto)", -2, -2],
    ["min(base, veto)", 0.5, 0.4],
    ["1 - veto + base", 0.5, 0.5],
    ["base - 1 / veto", 3, 0.5],
  ])("is never raised by a veto: %s over %d gives %d", async (formula, base, reward) => {
    const spec: MultiSpec = {
      type: "multi",
      name: "vetoed",
      graders: {
        base: { type: "trajectory", name: "base", formula: `${base}` },
        veto: {
          type: "judge_veto",
          name: "veto",
          model: "j",
          categories: ["rude"],
          phrases: { rude: ["yes"] },
          cap: 0.4,
        },
      },
      calculate_output: formula,
    };
    const judge = { model: "j", ask: () => Promise.reject(new Error("asked")) };
    const judges = { judge: () => judge, embedder: () => null };
    const result = await compileGrader(spec, { passThreshold: 1, judges }).grade(input, recordedWorld().deps);
    expect(result.reward).toBeCloseTo(reward, 9);
    expect(result.subRewards).toEqual({ base, veto: 0.4 });
  });

  it("has no reward when a part fails, even where the formula would not need it", async () => {
    const spec: MultiSpec = {
      ...multi,
      graders: { exact, judged: endpoint },
      calculate_output: "max(exact, 0 * judged)",
    };
    const world = recordedWorld([answered("no score"), answered("{}"), answered('{"score": "1"}')]);
    await expect(compileGrader(spec, context).grade(input, world.deps)).rejects.toMatchObject({
      code: "grader_bad_answer",
      failureClass: "grader",
    });
    expect(world.calls).toHaveLength(3);
  });

  it("ends its other parts when one fails", async () => {
    const spec: MultiSpec = {
      ...multi,
      graders: { broken: { ...exact, reference: "{{ item.missing }}" }, judged: endpoint },
      calculate_output: "broken + judged",
    };
    const world = recordedWorld();
    let aborted = false;
    const deps = {
      ...world.deps,
      endpointCaller: {
        post: ({ signal }: { signal: AbortSignal }) =>
          new Promise<{ kind: "aborted" }>((resolve) => {
            const end = (): void => {
              aborted = true;
              resolve({ kind: "aborted" });
            };
            if (signal.aborted) return end();
            signal.addEventListener("abort", end);
          }),
      },
    };
    await expect(compileGrader(spec, context).grade(input, deps)).rejects.toMatchObject({
      code: "template_error",
    });
    expect(aborted).toBe(true);
  });

  it.each(["exact / 0", "log(0 * exact)", "sqrt(0 - files)", "exp(1000 * exact)"])(
    "has no reward when %s is no finite number",
    async (formula) => {
      const grader = compileGrader({ ...multi, calculate_output: formula }, context);
      await expect(grader.grade(input, recordedWorld().deps)).rejects.toMatchObject({
        code: "grader_bad_answer",
      });
    },
  );

  it("refuses formulas that name no part, when it is compiled", () => {
    expect(() => compileGrader({ ...multi, calculate_output: "exact + tests" }, context)).toThrow(/"tests"/);
    expect(() => compileGrader({ ...multi, calculate_output: "exact +" }, context)).toThrow(/character 8/);
  });
});
