import type { ErrorCode } from "../errors/codes.ts";
import type { JsonObject } from "../lib/json.ts";
import { textField } from "./read-fields.ts";
import { retryAfterMs } from "./retry-after.ts";
import type { HeaderReader } from "./retry-after.ts";
import { failure } from "./try-outcome.ts";
import type { NoAnswer, TryDetails } from "./try-outcome.ts";

/** An answer of the endpoint that is no completion. */
export interface ErrorAnswer {
  readonly status: number;
  /** The body's `error` object. Its texts may quote the prompt: they are looked at, never passed on. */
  readonly error: JsonObject;
  readonly header: HeaderReader;
}

/** What an HTTP error of a model endpoint means for us: data, backpressure, a mistake in the job, or a failure. */
export function classifyStatus(answer: ErrorAnswer, nowMs: number): NoAnswer {
  const { status, error } = answer;
  const details = errorDetails(answer);
  const waitMs = retryAfterMs(answer.header, nowMs);
  if (saysNoRoom(status, waitMs)) {
    return saysQuotaSpent(error)
      ? failure("model_quota_exhausted", details)
      : { kind: "refused", status, retryAfterMs: waitMs };
  }
  const mistake = MISTAKES.get(status);
  if (mistake !== undefined) return failure(mistake, details);
  if (PASSING.has(status) || status >= 500) {
    return failure("model_server_error", details, { retryAfterMs: waitMs });
  }
  return classifyBadRequest(error, details);
}

const MISTAKES: ReadonlyMap<number, ErrorCode> = new Map([
  [401, "model_unauthorized"],
  [403, "model_unauthorized"],
  [404, "model_not_found"],
]);

/** Request timeout and lock conflict: the SDK of OpenAI retries them too. */
const PASSING = new Set([408, 409]);

/** 529 is what some vendors say for an overload; 503 says so only when it names a time to come back. */
function saysNoRoom(status: number, waitMs: number | null): boolean {
  return status === 429 || status === 529 || (status === 503 && waitMs !== null);
}

function classifyBadRequest(error: JsonObject, details: TryDetails): NoAnswer {
  if (leavesNoRoom(error)) {
    return failure("model_bad_request", details, {
      message: "The model's context is smaller than spec.model.sampling.max_tokens: lower it.",
    });
  }
  if (saysContextLength(error)) return { kind: "stopped", reason: "context_length" };
  if (saysContentFilter(error)) return { kind: "stopped", reason: "content_filter" };
  return failure("model_bad_request", details, {
    message: `The model endpoint refuses the request${describe(details)}: check spec.model and spec.tools.`,
  });
}

/** Status, and the endpoint's own code when it is a short word: never a text. */
function errorDetails({ status, error }: ErrorAnswer): TryDetails {
  const word = [error["code"], error["type"]].find(
    (value): value is string => typeof value === "string" && /^[A-Za-z][\w.-]{0,63}$/.test(value),
  );
  return word === undefined ? { status } : { status, error: word };
}

function describe(details: TryDetails): string {
  const parts = [details["status"], details["error"]].filter((part) => part !== undefined);
  return ` (${parts.join(", ")})`;
}

function saysQuotaSpent(error: JsonObject): boolean {
  return error["code"] === "insufficient_quota" || error["type"] === "insufficient_quota";
}

const CONTEXT_CODES = new Set(["context_length_exceeded", "exceed_context_size_error"]);

/** The words of OpenAI, vLLM, SGLang, TGI, llama.cpp and Anthropic-like endpoints for a prompt that is too long. */
const CONTEXT_TEXT =
  /maximum context length|context[ _]length|context window|context size|max_model_len|maximum model length|(prompt|input|inputs?`? tokens) (is|are) too long|longer than the maximum|max_new_tokens`? must be <=/i;

function saysContextLength(error: JsonObject): boolean {
  const codes = [textField(error, "code"), textField(error, "type")];
  if (codes.some((code) => code !== undefined && CONTEXT_CODES.has(code))) return true;
  return CONTEXT_TEXT.test(textField(error, "message") ?? "");
}

/** vLLM's text for `max_tokens` alone exceeding the context: no prompt would fit, so the job is wrong. */
const MAX_TOKENS_TEXT = /too large: (\d+).*maximum context length is (\d+)/is;

function leavesNoRoom(error: JsonObject): boolean {
  const match = MAX_TOKENS_TEXT.exec(textField(error, "message") ?? "");
  return match !== null && Number(match[1]) >= Number(match[2]);
}

/** `content_filter` is Azure's, `invalid_prompt` what OpenAI's reasoning models say of a prompt they won't take. */
const FILTER_CODES = new Set([
  "content_filter",
  "content_policy_violation",
  "invalid_prompt",
  "moderation_blocked",
]);

function saysContentFilter(error: JsonObject): boolean {
  const codes = [textField(error, "code"), textField(error, "type")];
  return codes.some((code) => code !== undefined && FILTER_CODES.has(code));
}
