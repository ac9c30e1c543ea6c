import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { environmentSpecSchema } from "../environment/environment.ts";
import { rolloutJobSpecSchema } from "../job/rollout-job.ts";
import { canonicalJson } from "../lib/canonical-json.ts";
import { diffSpecs, specHash } from "./spec-hash.ts";
import type { SpecSnapshot } from "./spec-hash.ts";

function snapshot(job: object = {}, environment: object = {}): SpecSnapshot {
  return {
    job: rolloutJobSpecSchema.parse({
      environmentRef: { name: "e" },
      dataset: { file: "items.jsonl" },
      model: { baseURL: "http://h/v1", name: "m" },
      ...job,
    }),
    environment: environmentSpecSchema.parse({
      grader: { type: "string_check", name: "g", operation: "eq", input: "a", reference: "b" },
      tools: [{ name: "ls", exec: { argv: ["ls", "-1"] } }],
      ...environment,
    }),
    itemsSha256: "0".repeat(64),
  };
}

const before = snapshot();

describe("specHash and diffSpecs", () => {
  it("take a default for the same as its value written out", () => {
    const after = snapshot({ samplesPerItem: 1, model: { name: "m", api: "chat", baseURL: "http://h/v1" } });
    expect(specHash(after)).toBe(specHash(before));
    expect(diffSpecs(before, after)).toEqual([]);
  });

  it("let the fields change that may change while a job runs", () => {
    const after = snapshot({
      parallelism: 99,
      suspend: true,
      retry: { maxAttempts: 9 },
      budget: { rollouts: 1 },
    });
    expect(specHash(after)).toBe(specHash(before));
    expect(diffSpecs(before, after)).toEqual([]);
  });

  it.each([
    [snapshot({ samplesPerItem: 2 }), ["job.samplesPerItem"]],
    [
      snapshot({ model: { baseURL: "http://h/v1", name: "n", sampling: { seed: 1 } } }),
      ["job.model.name", "job.model.sampling.seed"],
    ],
    [
      snapshot({}, { tools: [{ name: "ls", exec: { argv: ["ls", "-l"] } }] }),
      ["environment.tools[0].exec.argv[1]"],
    ],
    [snapshot({}, { tools: [] }), ["environment.tools"]],
    [{ ...before, itemsSha256: "1".repeat(64) }, ["dataset.sha256"]],
  ])("name what differs (%#)", (after, fields) => {
    expect(diffSpecs(before, after)).toEqual(fields);
    expect(specHash(after)).not.toBe(specHash(before));
  });
});

describe("canonicalJson", () => {
  it("does not depend on the order of keys, but on everything else", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
  });
});
