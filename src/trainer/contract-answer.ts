import { isJsonObject } from "../lib/json.ts";
import type { JsonObject } from "../lib/json.ts";
import { saidError } from "./said-error.ts";
import type { EndpointReply } from "../grader/endpoint-caller.ts";

/** What a tool server or a grader said to one call, and after how long. */
export type ContractAnswer =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** The body, when it is a JSON object; null for everything else. */
      readonly body: JsonObject | null;
      /** Length of the body in UTF-8. */
      readonly bytes: number;
      readonly ms: number;
    }
  | { readonly kind: "silent"; readonly reason: string; readonly ms: number };

/** Reads what came back from a call that took `ms`. */
export function readContractAnswer(reply: EndpointReply, ms: number): ContractAnswer {
  switch (reply.kind) {
    case "answered":
      return {
        kind: "answered",
        status: reply.status,
        body: objectOf(reply.body),
        bytes: Buffer.byteLength(reply.body),
        ms,
      };
    case "unreachable":
      return { kind: "silent", reason: `no connection (${reply.reason})`, ms };
    case "broken":
      return {
        kind: "silent",
        reason: `the connection broke before the answer was whole (${reply.reason})`,
        ms,
      };
    case "timeout":
      return { kind: "silent", reason: `no answer within ${Math.round(ms / 1000)} s`, ms };
    case "too_large":
      return { kind: "silent", reason: "the answer is far over 1 MB", ms };
    case "aborted":
      return { kind: "silent", reason: "stopped", ms };
  }
}

/** The answer in a few words. Of its body only what a refusal says is wrong: all else may be a tool's output. */
export function answerText(answer: ContractAnswer): string {
  if (answer.kind === "silent") return answer.reason;
  if (answer.body === null) return `answered ${answer.status} with a body that is no JSON object`;
  const said = answer.status < 400 || outputOf(answer) !== null ? null : saidError(answer.body);
  if (said !== null) return `answered ${answer.status} (${said})`;
  const keys = Object.keys(answer.body);
  return `answered ${answer.status} with ${keys.length === 0 ? "an empty object" : keys.slice(0, 6).join(", ")}`;
}

/** The status, or 0 for a call without an answer. */
export function statusOf(answer: ContractAnswer): number {
  return answer.kind === "answered" ? answer.status : 0;
}

/** The tool output that the model would be shown, or null when the answer has none. */
export function outputOf(answer: ContractAnswer): string | null {
  const output = answer.kind === "answered" ? answer.body?.["output"] : undefined;
  return typeof output === "string" ? output : null;
}

/** The score of a grade answer of status 200, or null when there is none that a trainer can use. */
export function scoreOf(answer: ContractAnswer): number | null {
  const score = statusOf(answer) === 200 && answer.kind === "answered" ? answer.body?.["score"] : undefined;
  return typeof score === "number" && Number.isFinite(score) ? score : null;
}

function objectOf(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}
