import type { ErrorCode } from "../errors/codes.ts";
import type { ModelAnswer, ModelStop } from "./port.ts";

/** The part of an answer that the endpoint's body decides; times are added by the client. */
export type ParsedAnswer = Omit<ModelAnswer, "kind" | "startedAtMs" | "modelMs" | "waitedMs">;

/** Short facts of a failure, safe to record. */
export type TryDetails = Readonly<Record<string, string | number>>;

/** A try that failed in a way that is nobody's data. */
export interface TryFailure {
  readonly kind: "failed";
  readonly code: ErrorCode;
  /** A whole sentence for the user; the code's own when absent. */
  readonly message?: string;
  readonly details: TryDetails;
  /** The endpoint's wish before the next try, in milliseconds; null when it said nothing. */
  readonly retryAfterMs: number | null;
}

/** What one request to the endpoint came to. */
export type TryOutcome =
  | { readonly kind: "answered"; readonly answer: ParsedAnswer }
  | { readonly kind: "stopped"; readonly reason: ModelStop["reason"] }
  /** The endpoint has no room for us now (429, or 503 with Retry-After): backpressure, not a failure. */
  | { readonly kind: "refused"; readonly status: number; readonly retryAfterMs: number | null }
  | TryFailure;

/** What a request came to that brought no answer. */
export type NoAnswer = Exclude<TryOutcome, { kind: "answered" }>;

/** A {@link TryFailure} with what is usual left out. */
export function failure(
  code: ErrorCode,
  details: TryDetails = {},
  extra: { readonly message?: string; readonly retryAfterMs?: number | null } = {},
): TryFailure {
  return {
    kind: "failed",
    code,
    details,
    retryAfterMs: extra.retryAfterMs ?? null,
    ...(extra.message === undefined ? {} : { message: extra.message }),
  };
}

/** Whether the endpoint does not take the key. */
export function isKeyRefused(outcome: { readonly kind: string; readonly code?: ErrorCode }): boolean {
  return outcome.kind === "failed" && outcome.code === "model_unauthorized";
}
