import { describe, expect, it } from "vitest";
import { readGradeRequest, readToolRequest } from "./wire.ts";

const body = { call_id: "call_1", trace_id: "trace_1" };

describe("readToolRequest", () => {
  it("takes arguments as text and as an object, and the tool of the address", () => {
    const text = readToolRequest("grep", {
      ...body,
      name: "other",
      arguments: '{"a":1}',
      id: "fc_1",
      more: true,
    });
    expect(text).toEqual({
      traceId: "trace_1",
      item: {},
      id: "fc_1",
      call: { callId: "call_1", name: "grep", argumentsJson: '{"a":1}' },
    });
    expect(readToolRequest("grep", { ...body, arguments: { a: 1 } }).call).toEqual(text.call);
  });

  it.each([
    [{ call_id: "call_1" }, "trace_id is missing."],
    [{ ...body, trace_id: 7 }, "trace_id must be a text."],
    [{ ...body, trace_id: "x".repeat(129) }, "trace_id must have at most 128 characters."],
    [{ ...body, trace_id: "a\nb" }, "trace_id must have no control characters."],
    [{ ...body, trace_id: "" }, "trace_id must not be empty."],
    [{ trace_id: "trace_1" }, "call_id is missing."],
    [[], "The body must be a JSON object."],
    [null, "The body must be a JSON object."],
    [{ ...body, item: 3 }, "item must be an object."],
  ])("says what is wrong with %j", (given, sentence) => {
    expect(() => readToolRequest("grep", given)).toThrow(sentence);
  });
});

describe("readGradeRequest", () => {
  it("wants a sample", () => {
    expect(() => readGradeRequest({ trace_id: "trace_1" })).toThrow("sample is missing.");
    const read = readGradeRequest({ trace_id: "trace_1", sample: { output_text: "a" }, item: { row: 1 } });
    expect(read).toEqual({ traceId: "trace_1", sample: { output_text: "a" }, item: { row: 1 } });
  });
});
