import { HEADERS } from "../bus/port.ts";
import type { BusHeaders } from "../bus/port.ts";
import { isFailureClass } from "../errors/failure-class.ts";
import type { FailureClass } from "../errors/failure-class.ts";
import type { RolloutPlace } from "../rollout/ids.ts";

/** What a job's accounting needs of an outcome; all of it is in the headers. */
export interface OutcomeSummary {
  readonly place: RolloutPlace;
  readonly attempt: number;
  readonly sequence: number;
  readonly storedAtMs: number;
  /** Prompt and completion tokens of the attempt. */
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly end:
    | { readonly kind: "graded"; readonly reward: number }
    | { readonly kind: "failed"; readonly failureClass: FailureClass; readonly code: string };
}

/** Reads an outcome's headers. Null for a message that is void, or not an outcome of a rollout. */
export function outcomeSummary(message: {
  readonly subject: string;
  readonly sequence: number;
  readonly headers: BusHeaders;
  readonly storedAtMs: number;
}): OutcomeSummary | null {
  const place = placeOf(message.subject);
  const end = endOf(message.headers);
  const attempt = Number(message.headers[HEADERS.attempt] ?? Number.NaN);
  if (message.headers[HEADERS.append] === undefined || !Number.isInteger(attempt)) return null;
  if (place === null || end === null) return null;
  return {
    place,
    attempt,
    sequence: message.sequence,
    storedAtMs: message.storedAtMs,
    promptTokens: Number(message.headers[HEADERS.promptTokens] ?? 0),
    completionTokens: Number(message.headers[HEADERS.completionTokens] ?? 0),
    end,
  };
}

function placeOf(subject: string): RolloutPlace | null {
  const match = /^rollyard\.outcomes\.[^.]+\.[^.]+\.(\d+)-(\d+)$/u.exec(subject);
  return match === null ? null : { itemIndex: Number(match[1]), sampleIndex: Number(match[2]) };
}

function endOf(headers: BusHeaders): OutcomeSummary["end"] | null {
  if (headers[HEADERS.outcome] === "graded") {
    const reward = Number(headers[HEADERS.reward] ?? Number.NaN);
    // A reward that is no number is nobody's reward: the message is void.
    return Number.isFinite(reward) ? { kind: "graded", reward } : null;
  }
  if (headers[HEADERS.outcome] !== "failed") return null;
  const failureClass = headers[HEADERS.failureClass] ?? "";
  return {
    kind: "failed",
    failureClass: isFailureClass(failureClass) ? failureClass : "internal",
    code: headers[HEADERS.failureCode] ?? "internal",
  };
}
