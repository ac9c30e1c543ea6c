import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startScriptedPolicy } from "../../../examples/repo-search/policy/server.ts";
import type { ScriptedPolicy } from "../../../examples/repo-search/policy/server.ts";
import { CORPUS_FOLDER } from "../../../examples/repo-search/derive-items.ts";
import { compileItemMessages } from "../../../src/environment/item-messages.ts";
import { scoreSets } from "../../../src/grader/set-match.ts";
import type { ChatMessage, ChatToolCall } from "../../../src/model/port.ts";
import { bareTools } from "./bare-tools.ts";
import { readExample } from "./read-example.ts";

const { environment, job, items } = readExample();
const tools = bareTools(environment, CORPUS_FOLDER.pathname);
const FIRST_SEED = job.model.sampling?.seed ?? 0;
const messagesOf = compileItemMessages(environment.prompt);

interface Rollout {
  readonly reward: number;
  readonly turns: number;
  readonly calls: readonly ChatToolCall[];
  readonly answer: string;
}

/** The worker's loop without anything around it: what the example comes to when nothing goes wrong. */
async function runRollout(client: OpenAI, itemIndex: number, sample: number): Promise<Rollout> {
  const item = items[itemIndex] ?? { id: "", files: [] };
  const seed = FIRST_SEED + itemIndex * job.samplesPerItem + sample;
  const messages: ChatMessage[] = [...messagesOf(item)];
  const calls: ChatToolCall[] = [];
  for (let turns = 1; turns <= environment.limits.maxTurns; turns++) {
    const { answer, wanted } = await takeTurn(client, messages, seed);
    if (wanted.length === 0) return { reward: reward(answer, item.files), turns, calls, answer };
    calls.push(...wanted);
    messages.push({ role: "assistant", content: null, tool_calls: wanted }, ...wanted.map(toolMessage));
  }
  throw new Error("the policy never answered");
}

async function takeTurn(client: OpenAI, messages: readonly ChatMessage[], seed: number) {
  const { choices } = await client.chat.completions.create({
    model: job.model.name,
    messages: [...messages] as OpenAI.ChatCompletionMessageParam[],
    tools: [...tools.definitions],
    seed,
  });
  const message = choices[0]?.message;
  return { answer: message?.content ?? "", wanted: (message?.tool_calls ?? []) as ChatToolCall[] };
}

function toolMessage(call: ChatToolCall): ChatMessage {
  return { role: "tool", tool_call_id: call.id, content: tools.run(call) };
}

function reward(answer: string, files: readonly string[]): number {
  try {
    const given = JSON.parse(answer) as { files: string[] };
    return scoreSets({ metric: "f1" }, new Set(given.files), new Set(files));
  } catch {
    return 0;
  }
}

describe("rollouts of repo-search under the scripted policy", () => {
  let policy: ScriptedPolicy;
  let groups: readonly (readonly Rollout[])[];

  beforeAll(async () => {
    policy = await startScriptedPolicy();
    const client = new OpenAI({ baseURL: policy.url, apiKey: "none", maxRetries: 0 });
    groups = await Promise.all(
      items.map((_, item) =>
        Promise.all(
          Array.from({ length: job.samplesPerItem }, (_unused, sample) => runRollout(client, item, sample)),
        ),
      ),
    );
  });
  afterAll(() => policy.close());

  const rollouts = (): readonly Rollout[] => groups.flat();

  it("end with differing rewards in many groups, and with the same in some", () => {
    const differing = groups.filter((group) => new Set(group.map(({ reward: points }) => points)).size > 1);

    expect(differing.length).toBeGreaterThanOrEqual(5);
    expect(differing.length).toBeLessThan(groups.length);
  });

  it("are right often enough to learn from and wrong often enough to have something to learn", () => {
    const rewards = rollouts().map(({ reward: points }) => points);
    const mean = rewards.reduce((sum, points) => sum + points, 0) / rewards.length;

    expect(mean).toBeGreaterThan(0.5);
    expect(mean).toBeLessThan(0.8);
    expect(rewards).toContain(1);
    expect(rewards).toContain(0);
  });

  it("differ in turns and tool calls, and call tools in parallel", () => {
    expect(new Set(rollouts().map(({ turns }) => turns)).size).toBeGreaterThanOrEqual(3);
    expect(new Set(rollouts().map(({ calls }) => calls.length)).size).toBeGreaterThanOrEqual(4);
    expect(rollouts().every(({ calls, turns }) => turns === 1 || calls.length > turns - 1)).toBe(true);
  });

  it("now and then call an unknown tool, write broken arguments, or answer in prose", () => {
    const calls = rollouts().flatMap((rollout) => rollout.calls);
    const known = new Set(environment.tools.map(({ name }) => name));

    expect(calls.filter(({ function: { name } }) => !known.has(name)).length).toBeGreaterThan(0);
    expect(
      calls.filter((call) => tools.run(call) === "The arguments are not valid JSON.").length,
    ).toBeGreaterThan(0);
    expect(rollouts().filter(({ answer }) => !answer.startsWith("{")).length).toBeGreaterThan(0);
  });

  it("stay within the limits of the environment", () => {
    expect(Math.max(...rollouts().map(({ calls }) => calls.length))).toBeLessThanOrEqual(
      environment.limits.maxToolCalls,
    );
  });
});
