import type { JsonObject } from "../../lib/json.ts";
import type { ChatMessage } from "../../model/port.ts";
import type { NoAnswer, TryOutcome } from "../../model/try-outcome.ts";

/** How a judge samples; what is absent is left to its endpoint. */
export interface JudgeSampling {
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly reasoningEffort?: string;
}

/** The form of the answer that a judge is to give. */
export interface AnswerForm {
  /** A word of the form's own, for endpoints that want one. */
  readonly name: string;
  /** JSON schema of one object. */
  readonly schema: JsonObject;
}

/** One question to a judge. */
export interface JudgeRequest {
  readonly messages: readonly ChatMessage[];
  readonly form: AnswerForm;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * A judge model behind an OpenAI-compatible endpoint, asked once a call: the grader's retry layer is the only one.
 * A call waits while its endpoint throttles this process. Rejects with the signal's reason only.
 */
export interface Judge {
  /** The `model` that graders name. */
  readonly model: string;
  ask(request: JudgeRequest): Promise<TryOutcome>;
}

/** What embedding some texts came to. */
export type EmbedOutcome =
  | {
      readonly kind: "embedded";
      readonly vectors: readonly (readonly number[])[];
      readonly promptTokens: number;
    }
  | NoAnswer;

/** A model that turns texts into vectors; as {@link Judge} otherwise. */
export interface Embedder {
  readonly model: string;
  embed(
    texts: readonly string[],
    bounds: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<EmbedOutcome>;
}

/** The judge models of an environment. */
export interface JudgeModels {
  /** Null for a model that `spec.judges` does not name. */
  judge(model: string, sampling: JudgeSampling): Judge | null;
  embedder(model: string): Embedder | null;
}

/** An environment without judges. */
export const noJudges: JudgeModels = { judge: () => null, embedder: () => null };
