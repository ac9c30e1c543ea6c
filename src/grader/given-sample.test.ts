import { describe, expect, it } from "vitest";
import { givenSampleSchema, loneGradeInput, sampleOfGiven, sampleOfText } from "./given-sample.ts";

const plain = { hasResponseFormat: false };

describe("a sample without a rollout", () => {
  it("is an answer's text, and what the text is as JSON where that may be", () => {
    expect(sampleOfText('{"a": 1}', plain)).toMatchObject({ output_text: '{"a": 1}', output_tools: [] });
    expect(sampleOfText('{"a": 1}', plain)).not.toHaveProperty("output_json");
    expect(sampleOfText('{"a": 1}', { hasResponseFormat: true })).toMatchObject({ output_json: { a: 1 } });
    expect(sampleOfText("{", { hasResponseFormat: true })).not.toHaveProperty("output_json");
  });

  it("has what is given of it, and the rest follows", () => {
    const given = givenSampleSchema.parse({
      output_text: "hello",
      output_json: [1],
      output_tools: [{ id: "c", function: { name: "search", arguments: "{}" } }],
    });
    expect(sampleOfGiven(given, plain)).toEqual({
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: "hello",
            tool_calls: [{ id: "c", type: "function", function: { name: "search", arguments: "{}" } }],
            refusal: null,
          },
          finish_reason: "stop",
        },
      ],
      output_text: "hello",
      output_json: [1],
      output_tools: [{ id: "c", type: "function", function: { name: "search", arguments: "{}" } }],
      output_reasoning_summary: null,
    });
  });

  it("takes no field that a sample has not", () => {
    expect(givenSampleSchema.safeParse({ output_txt: "hello" }).success).toBe(false);
  });

  it("invents neither tokens nor time nor an end of its calls", () => {
    const given = givenSampleSchema.parse({ output_tools: [{ function: { name: "search" } }] });
    const { trajectory } = loneGradeInput(sampleOfGiven(given, plain), {});
    expect(trajectory).toMatchObject({ turns: 1, tokens: null, agentSeconds: 0, checkedBeforeAnswer: [] });
    expect(trajectory.calls.map(({ name }) => name)).toEqual(["search"]);
  });
});
