import { describe, expect, it } from "vitest";
import { gradeInput, recordedWorld } from "../../test/support/grader/grade-input.ts";
import { GraderGates } from "./grader-gates.ts";
import { noJudges } from "./judges/judge.ts";
import { compileTextSimilarity, MAX_COMPARED_CHARACTERS } from "./text-similarity.ts";
import type { TextSimilaritySpec } from "./text-similarity.ts";

const spec: TextSimilaritySpec = {
  type: "text_similarity",
  name: "near",
  input: "{{ sample.output_text }}",
  reference: "{{ item.answer }}",
  evaluation_metric: "fuzzy_match",
};

const score = (output: string, answer: string, changes: Partial<TextSimilaritySpec> = {}) =>
  compileTextSimilarity(
    { ...spec, ...changes },
    { passThreshold: 1, judges: noJudges, tools: [], gateOf: new GraderGates().of(""), assets: new Map() },
  ).score(gradeInput({ answer }, output), recordedWorld().deps);

describe("a text_similarity grader", () => {
  it("scores how near the rendered texts are", async () => {
    expect(await score("abcd", "abcx")).toEqual({ reward: 0.75, flags: [], errors: {} });
  });

  it("matches synonyms and stems by METEOR, but no irregular form", async () => {
    const meteor = { evaluation_metric: "meteor" } as const;
    expect((await score("start", "begin", meteor)).reward).toBe(0.5);
    expect((await score("houses", "house", meteor)).reward).toBe(0.5);
    expect((await score("mice", "mouse", meteor)).reward).toBe(0);
  });

  it("compares a flood of output as far as its limit, and flags it", async () => {
    const long = "a".repeat(MAX_COMPARED_CHARACTERS);
    expect(await score(`${long}bbb`, long)).toMatchObject({
      reward: 1,
      flags: ["truncated_observation_error"],
      errors: { truncated_observation_error: true },
    });
  });

  it("refuses cosine where spec.judges has no model that embeds", () => {
    const cosine = { ...spec, evaluation_metric: "cosine" } as const;
    expect(() =>
      compileTextSimilarity(cosine, {
        passThreshold: 1,
        judges: noJudges,
        tools: [],
        gateOf: new GraderGates().of(""),
        assets: new Map(),
      }),
    ).toThrow(/text-embedding-3-large/);
  });
});
