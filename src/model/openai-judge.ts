import type { JudgeSpec } from "../environment/judge-spec.ts";
import type {
  AnswerForm,
  Embedder,
  EmbedOutcome,
  Judge,
  JudgeModels,
  JudgeRequest,
  JudgeSampling,
} from "../grader/judges/judge.ts";
import type { ModelSpec } from "../job/model-spec.ts";
import type { JsonObject } from "../lib/json.ts";
import type { SecretKeyRef } from "../lib/schema/secret-ref.ts";
import { fixedKey, withNewestKey } from "./api-key.ts";
import type { ApiKey } from "./api-key.ts";
import { passResult } from "./endpoint-gate.ts";
import { createPostOnce, createSendOnce } from "./model-calls.ts";
import type { EndpointAccess } from "./model-calls.ts";
import type { ModelRuntime } from "./model-runtime.ts";
import { readEmbeddings } from "./read-embeddings.ts";
import { failure, isKeyRefused } from "./try-outcome.ts";
import type { NoAnswer, TryOutcome } from "./try-outcome.ts";

/** What judges' clients need. */
export interface JudgeDeps {
  /** The sockets and gates of this process: a judge that throttles slows every grader of it down. */
  readonly runtime: ModelRuntime;
  /** The key of an endpoint. Throws `secret_not_found` for one that was not given. */
  readonly keyOf: (reference: SecretKeyRef) => ApiKey;
}

/** The judge models of an environment's `spec.judges`. */
export function createJudgeModels(
  judges: Readonly<Record<string, JudgeSpec>>,
  { runtime, keyOf }: JudgeDeps,
): JudgeModels {
  const accessOf = (
    model: string,
    sampling: JudgeSampling,
  ): (EndpointAccess & { judge: JudgeSpec }) | null => {
    const judge = Object.hasOwn(judges, model) ? judges[model] : undefined;
    if (judge === undefined) return null;
    const apiKey = judge.apiKeySecret === undefined ? fixedKey(null) : keyOf(judge.apiKeySecret);
    return { judge, apiKey, spec: modelSpecOf(judge, judge.name ?? model, sampling) };
  };
  return {
    judge: (model, sampling) => {
      const access = accessOf(model, sampling);
      return access === null ? null : openAiJudge(model, access, runtime);
    },
    embedder: (model) => {
      const access = accessOf(model, {});
      return access === null ? null : openAiEmbedder(model, access, runtime);
    },
  };
}

function modelSpecOf(judge: JudgeSpec, name: string, sampling: JudgeSampling): ModelSpec {
  const { maxTokens, temperature, topP, seed, reasoningEffort } = sampling;
  return {
    baseURL: judge.baseURL,
    name,
    api: "chat",
    ...(judge.headers === undefined ? {} : { headers: judge.headers }),
    sampling: {
      ...(temperature === undefined ? {} : { temperature }),
      ...(topP === undefined ? {} : { top_p: topP }),
      ...(seed === undefined ? {} : { seed }),
      ...(reasoningEffort === undefined ? {} : { reasoning_effort: reasoningEffort }),
    },
    // The name that reasoning models want; vLLM and SGLang know it too.
    ...(maxTokens === undefined ? {} : { extraBody: { max_completion_tokens: maxTokens } }),
    requestTimeoutSeconds: 600,
    idleTimeoutSeconds: 120,
  };
}

function openAiJudge(
  model: string,
  access: EndpointAccess & { readonly judge: JudgeSpec },
  runtime: ModelRuntime,
): Judge {
  const send = createSendOnce(access, runtime.transport, runtime.clock);
  const through = gated(access, runtime);
  return {
    model,
    ask: async ({ messages, form, timeoutMs, signal }: JudgeRequest): Promise<TryOutcome> => {
      const request = {
        history: messages.map((message) => ({ message })),
        tools: [],
        ...responseFormat(form, access.judge.structuredOutput),
        rolloutIndex: 0,
        remainingMs: timeoutMs,
      };
      const outcome = await through(signal, () => send(request, { wallMs: timeoutMs, signal }));
      if (outcome.kind === "answered" && outcome.answer.usage !== null) {
        runtime.metrics.modelTokens(outcome.answer.usage);
      }
      return outcome;
    },
  };
}

function responseFormat(
  { name, schema }: AnswerForm,
  how: JudgeSpec["structuredOutput"],
): { readonly responseFormat?: JsonObject } {
  if (how === "none") return {};
  if (how === "json_object") return { responseFormat: { type: how } };
  return { responseFormat: { type: how, json_schema: { name, strict: true, schema } } };
}

function openAiEmbedder(model: string, access: EndpointAccess, runtime: ModelRuntime): Embedder {
  const post = createPostOnce(access, runtime.transport, runtime.clock);
  const through = gated(access, runtime);
  return {
    model,
    embed: async (texts, { timeoutMs, signal }): Promise<EmbedOutcome> => {
      const body = { model: access.spec.name, input: texts, encoding_format: "float" };
      const posted = await through(signal, () => post("/embeddings", body, { wallMs: timeoutMs, signal }));
      if (posted.kind !== "body") return posted;
      const read = readEmbeddings(posted.body, texts.length);
      return read === null
        ? failure("model_bad_response", { body: "no embeddings" })
        : { kind: "embedded", ...read };
    },
  };
}

type Outcome = NoAnswer | { readonly kind: "answered" | "body" };

/** Sends through the endpoint's gate, once, and counts it. */
function gated({ spec, apiKey }: EndpointAccess, runtime: ModelRuntime) {
  const gate = runtime.gateOf(spec.baseURL);
  const { clock, metrics } = runtime;
  const once = async <T extends Outcome>(signal: AbortSignal, send: () => Promise<T>): Promise<T> => {
    const pass = await gate.enter(gate.takeTicket(), signal);
    const sentAtMs = clock.monotonicMs();
    try {
      const outcome = await send();
      pass.end(passResult(outcome));
      const result = outcome.kind === "body" ? "answered" : outcome.kind;
      metrics.modelRequestEnded(result, (clock.monotonicMs() - sentAtMs) / 1000);
      return outcome;
    } catch (thrown) {
      pass.end({ kind: "failed" });
      throw thrown;
    }
  };
  return <T extends Outcome>(signal: AbortSignal, send: () => Promise<T>): Promise<T> =>
    withNewestKey(apiKey, isKeyRefused, () => once(signal, send));
}
