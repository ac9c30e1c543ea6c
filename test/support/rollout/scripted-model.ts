import type { Clock } from "../../../src/lib/clock.ts";
import type { ModelAnswer, ModelClient } from "../../../src/model/port.ts";

/** A tool call that a scripted model asks for. */
export interface ScriptedCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** A model in memory that counts what it is asked. */
export interface ScriptedModel extends ModelClient {
  /** The turns that were sampled, in order. */
  readonly sampled: readonly number[];
  /** Told of each turn when it begins to be sampled. */
  onSample: (turn: number) => void;
}

const MODEL_MS = 200;

/** A model that asks for the calls of each turn, then answers "done". */
export function scriptedModel(clock: Clock, turns: readonly (readonly ScriptedCall[])[]): ScriptedModel {
  const sampled: number[] = [];
  const model: ScriptedModel = {
    throttled: false,
    sampled,
    onSample: () => undefined,
    sample: async ({ history }) => {
      const turn = history.filter(({ message }) => message.role === "assistant").length;
      model.onSample(turn);
      const startedAtMs = clock.nowMs();
      await clock.sleep(MODEL_MS);
      sampled.push(turn);
      return answer(turns[turn] ?? [], turn, startedAtMs);
    },
  };
  return model;
}

function answer(calls: readonly ScriptedCall[], turn: number, startedAtMs: number): ModelAnswer {
  const asked = calls.map((call, index) => ({
    id: `call_${turn}_${index}`,
    type: "function" as const,
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }));
  const isLast = calls.length === 0;
  return {
    kind: "answer",
    message: isLast
      ? { role: "assistant", content: "done" }
      : { role: "assistant", content: null, tool_calls: asked },
    finishReason: isLast ? "stop" : "tool_calls",
    usage: null,
    policyVersion: "",
    startedAtMs,
    modelMs: MODEL_MS,
    waitedMs: 0,
    promptTokenIds: [],
    tokenIds: [],
    logprobs: [],
  };
}
