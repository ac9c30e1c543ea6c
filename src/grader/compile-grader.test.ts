import { describe, expect, it } from "vitest";
import { gradeInput, recordedWorld } from "../../test/support/grader/grade-input.ts";
import { compileGrader } from "./compile-grader.ts";
import { errorFlagsOfFailure, NO_GRADER_ERRORS } from "./error-flags.ts";
import type { JudgeModels } from "./judges/judge.ts";
import type { GraderSpec } from "./schema.ts";
import { GRADER_TYPES, graderSchema } from "./schema.ts";
import { RollyardError } from "../errors/rollyard-error.ts";

const exact = {
  type: "string_check",
  name: "exact",
  operation: "eq",
  input: "{{ sample.output_text }}",
  reference: "{{ item.answer }}",
} as const;

const half: GraderSpec = {
  type: "multi",
  name: "half",
  graders: { exact },
  calculate_output: "exact / 2",
};

describe("compileGrader", () => {
  it.each([
    [half, 1, false],
    [half, 0.5, true],
    [{ ...half, pass_threshold: 0.5 }, 1, true],
    [{ ...half, pass_threshold: 0.6 }, 0, false],
  ])(
    "passes by the grader's own threshold, else by the environment's",
    async (spec, passThreshold, passed) => {
      const result = await compileGrader(spec, { passThreshold }).grade(
        gradeInput({ answer: "4" }, "4"),
        recordedWorld().deps,
      );
      expect(result).toMatchObject({ reward: 0.5, passed });
    },
  );

  it("answers with every error flag of OpenAI's, none of them raised", async () => {
    const result = await compileGrader(exact, { passThreshold: 1 }).grade(
      gradeInput({ answer: "4" }, "4"),
      recordedWorld().deps,
    );
    expect(result.errors).toEqual(NO_GRADER_ERRORS);
    expect(Object.keys(result.errors)).toHaveLength(14);
  });

  it("refuses a command whose files were not given", () => {
    const assets = { path: "tests" };
    const command = graderSchema.parse({ type: "command", name: "tests", argv: ["true"], assets });
    expect(() => compileGrader(command, { passThreshold: 1 })).toThrow(/assets/);
  });

  it("refuses a python source beyond its limit in bytes", () => {
    const source = `# ${"é".repeat(130_000)}`;
    expect(() => compileGrader({ type: "python", name: "py", source }, { passThreshold: 1 })).toThrow(
      /larger/,
    );
  });

  it("runs every type that validation lets through", () => {
    const specs: Record<string, GraderSpec> = {
      string_check: exact,
      set_match: { ...exact, type: "set_match", metric: "f1", normalize: "none" },
      multi: half,
      text_similarity: {
        type: "text_similarity",
        name: "near",
        input: "a",
        reference: "b",
        evaluation_metric: "bleu",
      },
      score_model: { type: "score_model", name: "s", model: "j", input: [{ role: "user", content: "x" }] },
      trajectory: { type: "trajectory", name: "t", formula: "turns" },
      judge_veto: { type: "judge_veto", name: "v", model: "j", categories: ["a"], cap: 0 },
      label_model: {
        type: "label_model",
        name: "l",
        model: "j",
        input: [{ role: "user", content: "x" }],
        labels: ["a"],
        passing_labels: ["a"],
      },
      python: { type: "python", name: "py", source: "def grade(sample, item): return 1" },
      command: { type: "command", name: "c", argv: ["make"], files: [] },
      endpoint: { type: "endpoint", url: "http://127.0.0.1:1/" },
    };
    expect(Object.keys(specs).toSorted()).toEqual(GRADER_TYPES.toSorted());
    const judges: JudgeModels = {
      judge: (model) => ({ model, ask: () => Promise.reject(new Error("nobody asks")) }),
      embedder: () => null,
    };
    for (const spec of Object.values(specs)) {
      expect(compileGrader(spec, { passThreshold: 1, judges })).toHaveProperty("grade");
    }
  });
});

describe("errorFlagsOfFailure", () => {
  it.each([
    [new RollyardError("formula_parse_error"), "formula_parse_error"],
    [new RollyardError("invalid_variable_error"), "invalid_variable_error"],
    [new RollyardError("grader_import_missing"), "python_grader_runtime_error"],
    [new RollyardError("grader_failed", { details: { grader: "python" } }), "python_grader_server_error"],
    [new RollyardError("grader_unreachable", { details: { grader: "endpoint" } }), "other_error"],
    [new RollyardError("grader_refused", { details: { judge: "j" } }), "model_grader_refusal_error"],
    [new RollyardError("grader_bad_answer", { details: { judge: "j" } }), "model_grader_parse_error"],
    [new RollyardError("grader_unreachable", { details: { judge: "j" } }), "model_grader_server_error"],
  ])("raises one flag for each failure", (error, flag) => {
    const raised = Object.entries(errorFlagsOfFailure(error)).filter(([, value]) => value === true);
    expect(raised.map(([name]) => name)).toEqual([flag]);
  });
});
