import { APIConnectionTimeoutError, APIError, OpenAI } from "openai";
import type { Clock } from "../lib/clock.ts";
import { isJsonObject } from "../lib/json.ts";
import type { JsonObject } from "../lib/json.ts";
import type { ModelSpec } from "../job/model-spec.ts";
import type { ApiKey } from "./api-key.ts";
import { readChatAnswer } from "./chat-answer.ts";
import { chatRequestBody } from "./chat-request.ts";
import { classifyStatus } from "./classify-status.ts";
import { classifyThrown } from "./classify-thrown.ts";
import type { ModelTransport } from "./model-fetch.ts";
import type { SampleRequest } from "./port.ts";
import { countField, objectField } from "./read-fields.ts";
import { readResponsesAnswer } from "./responses-answer.ts";
import { responsesRequestBody } from "./responses-request.ts";
import { failure } from "./try-outcome.ts";
import type { NoAnswer, TryOutcome } from "./try-outcome.ts";

/** No completion is longer than this; what goes on is cut off and counts as no answer. */
export const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

/** How to reach an endpoint. */
export interface EndpointAccess {
  readonly spec: ModelSpec;
  readonly apiKey: ApiKey;
}

/** Sends one request, once, and says what it came to. Rejects with the signal's reason, or for a fault of ours. */
export type SendOnce = (request: SampleRequest, bounds: SendBounds) => Promise<TryOutcome>;

/** How long one request may take, and what ends it. */
export interface SendBounds {
  readonly wallMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Posts one body, once. Rejects as {@link SendOnce} does. */
export type PostOnce = (
  path: string,
  body: Readonly<Record<string, unknown>>,
  bounds: SendBounds,
) => Promise<{ readonly kind: "body"; readonly body: unknown } | NoAnswer>;

/** One request through the `openai` package, of which the retries are off: its callers have the one retry layer. */
export function createPostOnce(
  { spec, apiKey }: EndpointAccess,
  transport: ModelTransport,
  clock: Clock,
): PostOnce {
  const clientNow = clientOfKey(spec, apiKey, transport);
  return async (path, body, bounds) => {
    try {
      return { kind: "body", body: await clientNow().post(path, { body, ...sdkBounds(bounds) }) };
    } catch (thrown) {
      if (bounds.signal?.aborted) throw bounds.signal.reason;
      return classify(thrown, clock);
    }
  };
}

/** Sends one turn's request, once. */
export function createSendOnce(access: EndpointAccess, transport: ModelTransport, clock: Clock): SendOnce {
  const { spec } = access;
  const post = createPostOnce(access, transport, clock);
  const isChat = spec.api === "chat";
  const path = isChat ? "/chat/completions" : "/responses";
  const readAnswer = isChat ? readChatAnswer : readResponsesAnswer;
  return async (request, bounds) => {
    const body = isChat ? chatRequestBody(spec, request) : responsesRequestBody(spec, request);
    const posted = await post(path, body, bounds);
    return posted.kind === "body"
      ? readBody(posted.body, (value) => readAnswer(value, turnOf(request)))
      : posted;
  };
}

/** The client of the key as it is now. */
function clientOfKey(spec: ModelSpec, apiKey: ApiKey, transport: ModelTransport): () => OpenAI {
  let key = apiKey.current();
  let client = openAiClient(spec, key, transport);
  return () => {
    const now = apiKey.current();
    if (now !== key) {
      key = now;
      client = openAiClient(spec, key, transport);
    }
    return client;
  };
}

/** Nothing comes from `OPENAI_*` variables: every setting that the SDK would read there is given. */
function openAiClient(spec: ModelSpec, apiKey: string | null, transport: ModelTransport): OpenAI {
  return new OpenAI({
    baseURL: spec.baseURL,
    apiKey: apiKey ?? "none",
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: "off",
    maxRetries: 0,
    fetch: transport.fetchFor({
      headers: requestHeaders(spec, apiKey),
      idleTimeoutMs: spec.idleTimeoutSeconds * 1000,
      maxResponseBytes: MAX_RESPONSE_BYTES,
    }),
  });
}

function requestHeaders(spec: ModelSpec, apiKey: string | null): Readonly<Record<string, string>> {
  const given = Object.entries(spec.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    accept: "application/json",
    "content-type": "application/json",
    "user-agent": "rollyard",
    ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    ...Object.fromEntries(given),
  };
}

/** A timer of Node fires at once when it is set longer than this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

function sdkBounds(bounds: SendBounds): { timeout: number; signal?: AbortSignal } {
  const timeout = Math.min(LONGEST_TIMER_MS, Math.max(1, Math.ceil(bounds.wallMs)));
  return bounds.signal === undefined ? { timeout } : { timeout, signal: bounds.signal };
}

function turnOf(request: SampleRequest): number {
  return request.history.filter(({ message }) => message.role === "assistant").length;
}

function readBody(
  body: unknown,
  readAnswer: (body: unknown) => ReturnType<typeof readChatAnswer>,
): TryOutcome {
  const answer = readAnswer(body);
  if (answer !== null) return { kind: "answered", answer };
  // OpenRouter answers 200 with an `error`, the Responses API with `status: failed` and one.
  const error = isJsonObject(body) ? objectField(body, "error") : undefined;
  return error === undefined
    ? failure("model_bad_response", { body: "no completion" })
    : classifyBodyError(error);
}

function classifyBodyError(error: JsonObject): NoAnswer {
  const said = countField(error, "code");
  const status = said >= 400 && said < 600 ? said : statusOfCode(error["code"]);
  return classifyStatus({ status, error, header: () => null }, 0);
}

/** The Responses API's error codes that say whose fault it is; the rest is the server's. */
function statusOfCode(code: unknown): number {
  if (code === "rate_limit_exceeded") return 429;
  if (code === "invalid_prompt" || code === "context_length_exceeded") return 400;
  return 500;
}

function classify(thrown: unknown, clock: Clock): NoAnswer {
  if (thrown instanceof SyntaxError) return failure("model_bad_response", { body: "no JSON" });
  if (!(thrown instanceof APIError)) throw thrown;
  const { status, headers, error } = thrown as APIError;
  if (status === undefined) return connectionFailure(thrown);
  return classifyStatus(
    {
      status,
      error: isJsonObject(error) ? error : {},
      header: (name) => headers?.get(name) ?? null,
    },
    clock.nowMs(),
  );
}

/** The SDK's own timer ends a call by aborting it: without a code of the transport that is the wall cap. */
function connectionFailure(thrown: APIError): NoAnswer {
  const found = classifyThrown(thrown);
  const isBare = found.details["network"] === undefined;
  return thrown instanceof APIConnectionTimeoutError && isBare
    ? failure("model_timeout", { network: "WALL" })
    : found;
}
