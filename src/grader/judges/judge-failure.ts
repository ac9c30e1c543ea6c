import type { ErrorCode } from "../../errors/codes.ts";
import { RollyardError } from "../../errors/rollyard-error.ts";
import { assertNever } from "../../lib/assert-never.ts";
import type { NoAnswer, TryFailure } from "../../model/try-outcome.ts";

/** Who asked which judge. */
export interface JudgeCall {
  /** The grader's name. */
  readonly name: string;
  /** The grader's type. */
  readonly type: string;
  readonly model: string;
}

/** What a judge's endpoint says that is waited out, however long it takes. */
const WAITED_OUT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "model_unreachable",
  "model_server_error",
  "model_connection_lost",
  "model_quota_exhausted",
]);

/** What is wrong with the Environment, and which field to look at. */
const MISTAKES: Readonly<Partial<Record<ErrorCode, string>>> = {
  model_unauthorized: "refuses the key: check apiKeySecret",
  model_not_found: "does not know the model or the path: check name and baseURL",
  model_bad_request: "refuses the request: check name and structuredOutput, and the grader's sampling_params",
};

/** Whether the endpoint could not be had: that is waited for, and costs the grader's time nothing. */
export function isNotToBeHad(outcome: { readonly kind: string; readonly code?: ErrorCode }): boolean {
  return outcome.kind === "refused" || (outcome.code !== undefined && WAITED_OUT.has(outcome.code));
}

/**
 * The error of a call that brought no answer. `grader_unreachable` is waited out by the retry layer; class config is a
 * mistake of the Environment; the rest is class `grader`. None of them quotes the judge.
 */
export function judgeFailure(outcome: NoAnswer, call: JudgeCall): RollyardError {
  switch (outcome.kind) {
    case "refused":
      return unreachable(call, { status: outcome.status, ...waitOf(outcome.retryAfterMs) });
    case "stopped":
      return stopped(outcome.reason, call);
    case "failed":
      return failed(outcome, call);
    default:
      return assertNever(outcome);
  }
}

/** A judge that will not judge; told apart from one that answers nonsense. */
export function judgeRefused(call: JudgeCall): RollyardError {
  return judgeError("grader_refused", call, "refuses to judge");
}

/** An answer that can't be used. */
export function judgeBadAnswer(call: JudgeCall, what: string): RollyardError {
  return judgeError("grader_bad_answer", call, what);
}

function stopped(reason: string, call: JudgeCall): RollyardError {
  if (reason === "content_filter") return judgeRefused(call);
  return judgeError("grader_failed", call, "has too small a context for what it was given", { reason });
}

function failed({ code, details, retryAfterMs }: TryFailure, call: JudgeCall): RollyardError {
  if (WAITED_OUT.has(code)) return unreachable(call, { ...details, ...waitOf(retryAfterMs) });
  const mistake = MISTAKES[code];
  if (mistake !== undefined) {
    return new RollyardError("grader_config_error", {
      message: `spec.judges["${call.model}"]: the endpoint ${mistake}.`,
      details: { ...details, ...placeOf(call) },
    });
  }
  if (code === "model_timeout") return judgeError("grader_failed", call, "did not answer in time", details);
  return judgeError("grader_bad_answer", call, "answered something that is no completion", details);
}

function waitOf(retryAfterMs: number | null): { readonly retryAfterMs?: number } {
  return retryAfterMs === null ? {} : { retryAfterMs };
}

type Details = Readonly<Record<string, string | number>>;

function unreachable(call: JudgeCall, details: Details): RollyardError {
  return new RollyardError("grader_unreachable", {
    message: `The judge model "${call.model}" of grader "${call.name}" can't be had.`,
    details: { ...details, ...placeOf(call) },
  });
}

function judgeError(code: ErrorCode, call: JudgeCall, what: string, details: Details = {}): RollyardError {
  return new RollyardError(code, {
    message: `The judge model "${call.model}" of grader "${call.name}" ${what}.`,
    details: { ...details, ...placeOf(call) },
  });
}

function placeOf({ type, model }: JudgeCall): Details {
  return { grader: type, judge: model };
}
