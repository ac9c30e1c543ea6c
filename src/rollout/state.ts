import type { FailureClass } from "../errors/failure-class.ts";
import type { ErrorCode } from "../errors/codes.ts";
import type { JsonObject } from "../lib/json.ts";
import type { AssistantMessage, ChatMessage, TokenUsage } from "../model/port.ts";
import type { StopReason } from "./stop-reason.ts";

/** Short facts about a failure: exit code, HTTP status, pod reason. Never prompts, outputs, items or keys. */
export type Evidence = Readonly<Record<string, string>>;

/** A failure on record. */
export interface FailureRecord {
  readonly failureClass: FailureClass;
  readonly code: ErrorCode;
  /** A whole sentence. */
  readonly cause: string;
  readonly evidence: Evidence;
}

/** One tool call of a turn, and its end if it has one. */
export interface CallState {
  readonly turn: number;
  readonly index: number;
  /** The model's own id of the call. */
  readonly callId: string;
  readonly name: string;
  readonly argumentsJson: string;
  readonly calledAtMs: number;
  readonly returned: CallReturn | null;
  /** Tries that were lost to infrastructure; only those of a hosted trainer's calls are recorded. */
  readonly failedTries?: number;
  /** What the last of them was lost to. */
  readonly lostTo?: Pick<FailureRecord, "failureClass" | "code">;
}

/** How a tool call ended. */
export interface CallReturn {
  /** What the model sees. */
  readonly output: string;
  /** ok: exit 0; failed: ran and did not; rejected: unknown tool or bad arguments, nothing ran. */
  readonly result: "ok" | "failed" | "rejected";
  readonly exitCode: number | null;
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly timedOut: boolean;
  readonly outOfMemory: boolean;
  readonly truncatedBytes: number;
  /** Whether the sandbox gave a stored answer: an earlier driver had run the call. */
  readonly replayed: boolean;
}

/** One turn: a model call and the tool calls that it asked for. */
export interface TurnState {
  readonly turn: number;
  readonly message: AssistantMessage;
  readonly nativeItemsJson: string | null;
  readonly finishReason: string;
  readonly usage: TokenUsage | null;
  readonly policyVersion: string;
  readonly startedAtMs: number;
  readonly modelMs: number;
  readonly waitedMs: number;
  readonly promptTokenIds: readonly number[];
  readonly tokenIds: readonly number[];
  readonly logprobs: readonly number[];
  readonly calls: readonly CallState[];
}

/** How an attempt was sealed. */
export type Seal =
  | {
      readonly kind: "stopped";
      readonly reason: StopReason;
      readonly evidence: Evidence;
      readonly atMs: number;
    }
  | { readonly kind: "failed"; readonly failure: FailureRecord; readonly atMs: number }
  | { readonly kind: "cancelled"; readonly code: ErrorCode; readonly atMs: number };

/** A sandbox that an attempt leased. */
export interface LeasedSandbox {
  readonly sandboxUid: string;
  readonly generation: number;
  readonly source: "warm" | "cold";
  readonly waitedMs: number;
}

/** How far the recorded calls have run again in the attempt's last sandbox. */
export interface ReplayProgress {
  /** Turn whose calls are next; those before it are done. */
  readonly nextTurn: number;
  /** Turn at which there is nothing left to run again. */
  readonly endTurn: number;
  /** Calls that ran again. */
  readonly calls: number;
}

/** One attempt, folded from its messages. */
export interface AttemptState {
  readonly rolloutId: string;
  readonly traceId: string;
  readonly attempt: number;
  readonly itemIndex: number;
  readonly sampleIndex: number;
  readonly specHash: string;
  readonly item: JsonObject;
  readonly prompt: readonly ChatMessage[];
  readonly policyVersion: string;
  readonly startedAtMs: number;
  readonly dispatchedAtMs: number;
  /** The last driver that attached; null after it detached. */
  readonly driver: { readonly id: string; readonly nonce: string; readonly epoch: number } | null;
  /** How often a driver attached since the last `turn.sampled`, without those that detached in good order. */
  readonly attachesSinceTurn: number;
  /** In order; the last is the one that it goes on with. */
  readonly sandboxes: readonly LeasedSandbox[];
  /** Null while the attempt has its first sandbox. */
  readonly replay: ReplayProgress | null;
  readonly turns: readonly TurnState[];
  readonly seal: Seal | null;
  /** What a hosted trainer said of its rollout when it asked for the grade. */
  readonly hosted?: HostedEnd;
}

/** A hosted trainer's grade request: it ran the model, and knows the whole answer. */
export interface HostedEnd {
  /** `sample` as graders see it. */
  readonly sample: JsonObject;
  /** The dataset row; it is the attempt's from then on. */
  readonly item: JsonObject;
}

/** A rollout's log, folded. */
export interface RolloutState {
  /** The attempts in order; the last is the current one. Empty for an empty log. */
  readonly attempts: readonly AttemptState[];
  /** Stream sequence of the log's last message, void ones included; 0 for an empty log. */
  readonly lastSequence: number;
  /** Messages of the current attempt and the digest after them. */
  readonly messages: number;
  readonly digest: string;
  /** Messages that no reader accepts; more than none is an alarm. */
  readonly voidMessages: number;
}
