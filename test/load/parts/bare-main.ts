import { OpenAI } from "openai";
import { echo, questionOf, SYSTEM_PROMPT, TOOL } from "../bench/load.ts";
import type { Load } from "../bench/load.ts";
import { servePart } from "../bench/serve-part.ts";

/** The yardstick: an agent loop as one writes it in an afternoon, on the `openai` package as it comes, storing nothing. */
export type BareApi = {
  /** Resolves with the seconds that it took. */
  run(argument: { readonly load: Load; readonly baseURL: string }): Promise<number>;
};

async function run({ load, baseURL }: { readonly load: Load; readonly baseURL: string }): Promise<number> {
  const client = new OpenAI({ baseURL, apiKey: "none" });
  const startedMs = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < load.rollouts) await rollOut(client, load.turns, next++);
  };
  await Promise.all(Array.from({ length: load.parallelism }, lane));
  return (performance.now() - startedMs) / 1000;
}

async function rollOut(client: OpenAI, turns: number, rollout: number): Promise<void> {
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: "system", content: SYSTEM_PROMPT },
    { role: "user", content: questionOf(rollout) },
  ];
  const tools: OpenAI.ChatCompletionTool[] = [{ type: "function", function: { ...TOOL } }];
  for (let turn = 0; turn < turns; turn += 1) {
    const completion = await client.chat.completions.create({ model: "mock-1", messages, tools });
    const message = completion.choices[0]?.message;
    if (message === undefined) throw new TypeError("the mock model answered nothing");
    messages.push(message);
    for (const call of message.tool_calls ?? []) {
      const content = call.type === "function" ? echo(call.function.arguments) : "";
      messages.push({ role: "tool", tool_call_id: call.id, content });
    }
  }
}

servePart({ run } satisfies BareApi, async () => undefined);
