import { describe, expect, it } from "vitest";
import type { JsonObject } from "../lib/json.ts";
import { classifyStatus } from "./classify-status.ts";
import { retryAfterMs } from "./retry-after.ts";

const classify = (status: number, error: JsonObject = {}, headers: Record<string, string> = {}) =>
  classifyStatus({ status, error, header: (name) => headers[name] ?? null }, 0);

describe("an HTTP error of a model endpoint", () => {
  it.each([
    ["OpenAI", { code: "context_length_exceeded" }],
    ["vLLM", { message: "This model's maximum context length is 4096 tokens. However, you requested 4100" }],
    [
      "vLLM's engine",
      { message: "The decoder prompt (length 5000) is longer than the maximum model length of 4096" },
    ],
    [
      "SGLang",
      { message: "The input (5000 tokens) is longer than the model's context length (4096 tokens)." },
    ],
    ["TGI", { message: "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096." }],
    ["llama.cpp", { type: "exceed_context_size_error", message: "too big" }],
    ["a vendor", { message: "prompt is too long: 210000 tokens > 200000 maximum" }],
  ])("ends the agent with context_length in the words of %s", (_name, error) => {
    expect(classify(400, error)).toEqual({ kind: "stopped", reason: "context_length" });
  });

  it("is a mistake of the job when max_tokens alone is over the context", () => {
    const message =
      "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is 4096 tokens and your request has 20 input tokens";
    expect(classify(400, { message })).toMatchObject({ kind: "failed", code: "model_bad_request" });
  });

  it("is data when max_tokens no longer fits beside a grown history", () => {
    const message =
      "'max_tokens' or 'max_completion_tokens' is too large: 1024. This model's maximum context length is 4096 tokens and your request has 3500 input tokens";
    expect(classify(400, { message })).toEqual({ kind: "stopped", reason: "context_length" });
  });

  it.each([429, 529])("is backpressure for %s", (status) => {
    expect(classify(status, {}, { "retry-after": "3" })).toEqual({
      kind: "refused",
      status,
      retryAfterMs: 3000,
    });
  });

  it("is a failure for 503 that names no time, and for other 5xx", () => {
    expect(classify(503)).toMatchObject({ kind: "failed", code: "model_server_error" });
    expect(classify(500)).toMatchObject({ kind: "failed", code: "model_server_error" });
  });

  it("keeps of the endpoint's words only a short code", () => {
    const error = { code: "some_code", message: "CANARY", param: "CANARY" };
    expect(classify(400, error)).toMatchObject({ details: { status: 400, error: "some_code" } });
    expect(JSON.stringify(classify(400, { ...error, code: "CANARY of a prompt" }))).not.toContain("CANARY");
  });
});

describe("Retry-After", () => {
  it.each([
    [{ "retry-after": "2" }, 2000],
    [{ "retry-after": "0.5" }, 500],
    [{ "retry-after-ms": "250", "retry-after": "9" }, 250],
    [{ "retry-after": "Thu, 01 Jan 1970 00:00:10 GMT" }, 9000],
    [{ "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" }, 0],
    [{ "retry-after": "soon" }, null],
    [{}, null],
  ])("reads %j as %s ms", (headers: Record<string, string>, expected) => {
    expect(retryAfterMs((name) => headers[name] ?? null, 1000)).toBe(expected);
  });
});
