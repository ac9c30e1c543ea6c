import { describe, expect, it } from "vitest";
import { unusedBaseURL } from "../../support/model/mock-model.ts";
import { chatBody } from "../../support/model/mock-bodies.ts";
import type { MockScript } from "../../support/model/mock-reply.ts";
import { always, inOrder, toolTurns } from "../../support/model/mock-scripts.ts";
import { byItem, refusal, runWorld } from "../../support/run/run-world.ts";

const world = runWorld();

describe("a model endpoint that can't serve the job", () => {
  it("ends it within seconds when it refuses connections, even one rollout at a time", async () => {
    const job = await world.job({ baseURL: await unusedBaseURL(), items: 20, parallelism: 1 });
    const end = await job.run();
    expect(end.code).toBe(1);
    expect(end.stderr).toMatch(/Failed \(ConfigError\).*model_unreachable\. Check spec\.model\.baseURL\./u);
    expect(await job.records("results.jsonl")).toHaveLength(40);
    const attempts = await job.records("attempts.jsonl");
    const unreachable = attempts.filter(({ failure_code }) => failure_code === "model_unreachable");
    expect(unreachable.length).toBeGreaterThanOrEqual(10);
    // Ten ends decide. A place is free once its attempt is sealed, so one more may begin before the tenth is counted.
    expect(unreachable.length).toBeLessThanOrEqual(11);
  }, 20_000);

  it.each([
    ["model_unauthorized", "spec.model.apiKeySecret", refusal(401, "invalid_api_key")],
    ["model_not_found", "spec.model.name", refusal(404, "model_not_found")],
  ])(
    "ends it as %s naming %s, after no more requests than it takes to be sure",
    async (code, field, reply) => {
      const model = await world.model(() => reply);
      const job = await world.job({ baseURL: model.baseURL, items: 20 });
      const end = await job.run();
      expect(end.code).toBe(1);
      expect(end.stderr).toContain(`${code}. Check ${field}.`);
      // Ten ends decide; what was under way by then is the rest.
      expect(model.requestCount).toBeLessThanOrEqual(20);
      expect(model.requests.map(({ path }) => path)).not.toContain("/v1/models");
      const results = await job.records("results.jsonl");
      expect(results).toHaveLength(40);
      expect(results.every(({ reward }) => reward === null)).toBe(true);
    },
  );
});

const oneCall = (name: string, json: string): MockScript =>
  toolTurns({ turns: 1, calls: [{ name, arguments: json }], answer: "done" });

const crowd = Array.from({ length: 150 }, (_, index) => ({
  name: "shell",
  arguments: JSON.stringify({ command: `true ${"y".repeat(60_000)}` }),
  id: `call-${index}`,
}));

const tooMany = Array.from({ length: 201 }, (_, index) => ({
  name: "shell",
  arguments: "{}",
  id: `call-${index}`,
}));

const nonsense = {
  content: "done",
  choice: { finish_reason: "f".repeat(3_000_000), token_ids: [-1, 0.5] },
  body: { model: "m".repeat(3_000_000), usage: { prompt_tokens: 1e300, completion_tokens: -1 } },
};

/** What an item's model answers, what the agent's end is, and what the model was shown or the records hold. */
const ODD_ANSWERS: readonly (readonly [string, MockScript, object, string])[] = [
  ["arguments cut in the middle", oneCall("shell", '{"command": "c'), { reward: 1 }, "not valid JSON"],
  ["arguments of the wrong type", oneCall("shell", '{"command": 7}'), { reward: 1 }, "must be string"],
  ["arguments of lone surrogates", oneCall("shell", '{"command":"echo \\ud800"}'), { reward: 1 }, "\uFFFD"],
  ["arguments nested without end", oneCall("shell", "[".repeat(100_000)), { reward: 1 }, "not valid JSON"],
  ["an unknown tool", oneCall("nothing", "{}"), { reward: 1 }, 'There is no tool \\"nothing\\"'],
  ["a tool name of 3 MB", oneCall("x".repeat(3_000_000), "{}"), { reward: 1 }, "There is no tool"],
  ["a hundred calls of 60 KB", toolTurns({ turns: 1, calls: crowd, answer: "done" }), { reward: 1 }, "done"],
  [
    "more calls than the limit",
    toolTurns({ turns: 1, calls: tooMany, answer: "done" }),
    { reward: 0, stop_reason: "max_tool_calls" },
    "call-200",
  ],
  [
    "10 MB of text",
    () => ({ kind: "huge", sizeBytes: 10 * 1024 * 1024 }),
    { reward: 0, stop_reason: "answered" },
    "xxx",
  ],
  ["nonsense in every label and count", always(nonsense), { reward: 1, stop_reason: "answered" }, "done"],
  [
    "no choices, ever",
    () => ({ kind: "json", body: chatBody({ body: { choices: [] } }) }),
    { reward: null, failure_class: "model", failure_code: "model_bad_response" },
    "canary-prompt",
  ],
  [
    "text that is no JSON, ever",
    () => ({ kind: "text", text: "<html>" }),
    { reward: null, failure_class: "model", failure_code: "model_bad_response" },
    "canary-prompt",
  ],
];

describe("a model that answers strangely", () => {
  it("never ends the run: what it says is data, or class model", async () => {
    const scripts = ODD_ANSWERS.map(([, script]) => script);
    const model = await world.model(byItem(scripts));
    const job = await world.job({
      baseURL: model.baseURL,
      items: ODD_ANSWERS.length,
      samples: 1,
      parallelism: ODD_ANSWERS.length,
      job: "  retry: {maxAttempts: 1}",
    });
    const end = await job.run();
    expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining("Complete (SomeUngraded)") });
    const results = await job.records("results.jsonl");
    for (const [index, [name, , expected, shown]] of ODD_ANSWERS.entries()) {
      const result = results.find(({ item_index }) => item_index === index);
      expect({ name, ...result }).toMatchObject({ name, ...expected });
      expect(`${name}: ${await job.shown(index)}`).toContain(shown);
    }
  });

  it("is asked again when it answers nonsense once", async () => {
    const once = [{ kind: "text", text: "garbage" }, { kind: "cut" }, refusal(500, "oops")] as const;
    const model = await world.model(inOrder(once, always({ content: "done" })));
    const job = await world.job({ baseURL: model.baseURL });
    expect(await job.run()).toMatchObject({ code: 0 });
    expect(model.requestCount).toBe(6 + once.length);
    expect(await job.records("attempts.jsonl")).toEqual([]);
  });
});
