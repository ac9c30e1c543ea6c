import { afterEach, describe, expect, it } from "vitest";
import { ChildProcessSandbox } from "../../support/grader/child-process-sandbox.ts";
import { answered, gradeInput } from "../../support/grader/grade-input.ts";
import { startJudge } from "../../support/grader/judge-harness.ts";
import { OPENAI_GRADERS } from "../../support/grader/openai-graders.ts";
import type { OpenAiGrader } from "../../support/grader/openai-graders.ts";
import { realPackages } from "../../support/grader/real-packages.ts";
import { chatBody } from "../../support/model/mock-bodies.ts";
import type { MockReply } from "../../support/model/mock-reply.ts";

const examples = OPENAI_GRADERS.filter(({ refused }) => refused === undefined);

describe("a grader block as OpenAI documents it", () => {
  let sandbox: ChildProcessSandbox | undefined;

  afterEach(async () => {
    await sandbox?.remove();
    sandbox = undefined;
  });

  it.for(examples.map((example) => [example.name, example] as const))(
    "runs unchanged: %s",
    { timeout: 180_000 },
    async ([, example], { skip }) => {
      const { packages } = example;
      const runtime = packages === undefined ? { venv: undefined } : await realPackages(packages);
      if ("missing" in runtime) return skip(runtime.missing);
      sandbox = await ChildProcessSandbox.create(runtime.venv);
      const { grade } = await startJudge(() => replyOf(example), {
        models: ["gpt-4o-2024-08-06", "text-embedding-3-large"],
        cleanSandbox: sandbox,
        endpointReplies: example.endpoint === undefined ? [] : [answered(example.endpoint)],
      });
      const { reward, flags } = await grade(example.grader, inputOf(example));
      expect({ reward: Number(reward.toFixed(9)), flags }).toEqual({ reward: example.reward, flags: [] });
    },
  );
});

it("has a block of every type that OpenAI documents, each with its source", () => {
  const types = OPENAI_GRADERS.map(({ grader }) => grader["type"]);
  expect(new Set(types)).toEqual(
    new Set(["string_check", "text_similarity", "score_model", "label_model", "python", "multi", "endpoint"]),
  );
  for (const { source } of OPENAI_GRADERS) {
    expect(source).toMatch(
      /^https:\/\/(developers\.openai\.com\/api\/docs|github\.com\/microsoft-foundry)\//,
    );
  }
});

function inputOf({ item, output, json, tools = [] }: OpenAiGrader) {
  const input = gradeInput(item, output, json);
  const choices = input.sample.choices.map((choice) => ({
    ...choice,
    message: { ...choice.message, tool_calls: tools },
  }));
  return { ...input, sample: { ...input.sample, choices, output_tools: tools } };
}

function replyOf({ judge, embeddings }: OpenAiGrader): MockReply {
  if (embeddings === undefined) return { kind: "json", body: chatBody({ content: judge ?? "" }) };
  const data = embeddings.map((embedding, index) => ({ index, embedding }));
  return { kind: "text", text: JSON.stringify({ data }) };
}
