import { describe, expect, it } from "vitest";
import type { AttemptState, TurnState } from "../rollout/state.ts";
import { sampleFromAttempt } from "./sample-from-attempt.ts";

function turn(message: Partial<TurnState["message"]>, finishReason = "stop"): TurnState {
  return {
    turn: 0,
    message: { role: "assistant", content: null, ...message },
    nativeItemsJson: null,
    finishReason,
    usage: null,
    policyVersion: "",
    startedAtMs: 0,
    modelMs: 0,
    waitedMs: 0,
    promptTokenIds: [],
    tokenIds: [],
    logprobs: [],
    calls: [],
  };
}

function attempt(...turns: TurnState[]): AttemptState {
  return {
    rolloutId: "0123456789ab-0-0",
    traceId: "trace_x",
    attempt: 0,
    itemIndex: 0,
    sampleIndex: 0,
    specHash: "",
    item: {},
    prompt: [],
    policyVersion: "",
    startedAtMs: 0,
    dispatchedAtMs: 0,
    driver: null,
    attachesSinceTurn: 0,
    sandboxes: [],
    replay: null,
    turns,
    seal: null,
  };
}

const call = { id: "call_1", type: "function", function: { name: "search", arguments: "{}" } } as const;
const plain = { hasResponseFormat: false };
const json = { hasResponseFormat: true };

describe("sampleFromAttempt", () => {
  it("gives the last answer in OpenAI's shape", () => {
    const sample = sampleFromAttempt(
      attempt(
        turn({ content: "let me look", tool_calls: [call] }, "tool_calls"),
        turn({ content: "done", reasoning_content: "thought" }),
      ),
      plain,
    );
    expect(sample).toEqual({
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "done", tool_calls: [], refusal: null },
          finish_reason: "stop",
        },
      ],
      output_text: "done",
      output_tools: [],
      output_reasoning_summary: "thought",
    });
  });

  it("takes the last text said when the attempt ended at a limit, and the calls that were asked for", () => {
    const sample = sampleFromAttempt(
      attempt(turn({ content: "so far: a" }), turn({ tool_calls: [call] }, "tool_calls")),
      plain,
    );
    expect(sample.output_text).toBe("so far: a");
    expect(sample.output_tools).toEqual([call]);
    expect(sample.choices[0]?.message.content).toBeNull();
  });

  it("is empty, not absent, when the model never answered", () => {
    expect(sampleFromAttempt(attempt(), json)).toEqual({
      choices: [],
      output_text: "",
      output_tools: [],
      output_reasoning_summary: null,
    });
  });

  it.each([
    ['{"files": ["a"]}', json, { files: ["a"] }],
    ["null", json, null],
    ['{"files": ["a"', json, undefined],
    ['{"files": ["a"]}', plain, undefined],
  ])(
    "of %j has the JSON only with a response format and when it can be parsed",
    (content, options, expected) => {
      const sample = sampleFromAttempt(attempt(turn({ content })), options);
      expect(sample.output_json).toEqual(expected);
      expect("output_json" in sample).toBe(expected !== undefined);
    },
  );

  it("keeps a refusal", () => {
    const sample = sampleFromAttempt(attempt(turn({ refusal: "no" })), plain);
    expect(sample.choices[0]?.message.refusal).toBe("no");
  });
});
