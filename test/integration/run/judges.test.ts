import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { chatBody } from "../../support/model/mock-bodies.ts";
import type { MockScript } from "../../support/model/mock-reply.ts";
import { shellThen, runWorld } from "../../support/run/run-world.ts";

const world = runWorld();

const KEY = "canary-judge-key";

/** Judges by what they are asked; down for its first requests. */
const judge =
  (downFor: number): MockScript =>
  ({ number, text }) => {
    const headers = { "retry-after": "0" };
    if (number < downFor)
      return { kind: "status", status: number % 2 === 0 ? 500 : 429, headers, body: "{}" };
    const isVeto = text.includes('"veto"');
    const content = isVeto ? '{"reasoning": "", "found": []}' : '{"steps": [], "result": 0.5}';
    return { kind: "json", body: chatBody({ content }) };
  };

const grader = {
  type: "multi",
  name: "all",
  graders: {
    quality: {
      type: "score_model",
      name: "quality",
      model: "j",
      input: [{ role: "user", content: "{{ sample.output_text }}" }],
    },
    faults: { type: "judge_veto", name: "faults", model: "j", categories: ["rude"], cap: 0 },
    thrift: {
      type: "trajectory",
      name: "thrift",
      formula: "1 - 0.25 * (tool_calls.shell - 1) - turns / 1000",
    },
    near: {
      type: "text_similarity",
      name: "near",
      input: "{{ sample.output_text }}",
      reference: "{{ sample.output_text }}",
      evaluation_metric: "meteor",
    },
  },
  calculate_output: "min(quality, faults) * thrift",
};

describe("a local run whose graders ask judges", () => {
  it("outlives a judge that is down for a while, and keeps its key to itself", async () => {
    const [model, judging] = [await world.model(shellThen("cat a.txt")), await world.model(judge(4))];
    const spec = { baseURL: judging.baseURL, apiKeySecret: { name: "judges", key: "token" } };
    const job = await world.job({
      baseURL: model.baseURL,
      items: 2,
      samples: 2,
      environment: `  judges: {j: ${JSON.stringify(spec)}}`,
    });
    await job.edit((text) => text.replace(/grader: .*/u, `grader: ${JSON.stringify(grader)}`));
    const secret = ["--secret", "judges/token=env:JUDGE_KEY"];
    expect(await job.run(secret, { JUDGE_KEY: KEY })).toMatchObject({ code: 0 });
    const results = await job.records("results.jsonl");
    expect(results.map(({ outcome, attempt }) => ({ outcome, attempt }))).toEqual(
      results.map(() => ({ outcome: "graded", attempt: 0 })),
    );
    expect(results).toHaveLength(4);
    for (const { reward, sub_rewards: parts, grader_usage: tokens } of results) {
      expect(reward).toBeCloseTo(0.5 * (1 - 2 / 1000), 9);
      const some = expect.toSatisfy((count: number) => count > 0);
      expect(tokens).toEqual({ j: { prompt_tokens: some, completion_tokens: some } });
      expect(parts).toMatchObject({ quality: 0.5, faults: 1, thrift: 0.998 });
    }
    expect(judging.requests.at(-1)?.headers["authorization"]).toBe(`Bearer ${KEY}`);
    const files = await readdir(job.runFolder, { recursive: true, withFileTypes: true });
    const texts = await Promise.all(
      files
        .filter((file) => file.isFile())
        .map((file) => readFile(path.join(file.parentPath, file.name), "latin1")),
    );
    expect(texts.some((text) => text.includes(KEY))).toBe(false);
  });
});
