import type { EndpointReply } from "../../grader/endpoint-caller.ts";
import { assertNever } from "../../lib/assert-never.ts";
import { isJsonObject } from "../../lib/json.ts";

/** Most bytes of a remote tool's request and of its answer (Agent RFT: 1 MB each). */
export const HTTP_TOOL_MAX_BYTES = 1_000_000;

/** Tries of a call that gets 5xx or no answer. */
export const HTTP_TOOL_TRIES = 3;

/** What a reply means. */
export type HttpToolVerdict =
  | { readonly kind: "output"; readonly output: string; readonly result: "ok" | "failed" }
  /** Worth another try after this long; the fact is for the error when there is none left. */
  | { readonly kind: "again"; readonly delayMs: number; readonly fact: string; readonly otherwise?: string }
  /** The endpoint does not speak the contract. */
  | { readonly kind: "broken"; readonly fact: string };

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;

/**
 * Judges the reply to try `tries` (from 1) by the Agent RFT tool contract: 2xx carries `output`; the payload of 4xx is
 * shown to the model; 5xx and silence are tried again; an answer over the cap is a 413 for the model.
 * A 429 is tried again too, but ends as any 4xx. `random` in [0, 1) spreads the tries.
 */
export function judgeHttpReply(
  reply: Exclude<EndpointReply, { kind: "aborted" }>,
  tries: number,
  random: number,
): HttpToolVerdict {
  const backoffMs = FIRST_DELAY_MS * 4 ** (tries - 1) * (0.5 + 0.5 * random);
  switch (reply.kind) {
    case "too_large":
      return { kind: "output", output: TOO_LARGE, result: "failed" };
    case "timeout":
      return { kind: "again", delayMs: backoffMs, fact: "timeout" };
    case "unreachable":
    case "broken":
      return { kind: "again", delayMs: backoffMs, fact: reply.reason };
    case "answered":
      return judgeStatus(reply, Math.max(backoffMs, reply.retryAfterMs ?? 0));
    default:
      return assertNever(reply);
  }
}

/** What the model sees of an answer over the cap. */
const TOO_LARGE = "413 The tool's answer is larger than 1 MB.";

function judgeStatus(reply: Extract<EndpointReply, { kind: "answered" }>, waitMs: number): HttpToolVerdict {
  const { status, body: text } = reply;
  const delayMs = Math.min(waitMs, LONGEST_DELAY_MS);
  if (status >= 500) return { kind: "again", delayMs, fact: String(status) };
  const output = outputOf(text);
  if (status === 429) return { kind: "again", delayMs, fact: "429", otherwise: output ?? text };
  if (status >= 400) return { kind: "output", output: output ?? text, result: "failed" };
  if (status >= 300) return { kind: "broken", fact: `a redirect (${status})` };
  if (output === null) return { kind: "broken", fact: `${status} without "output"` };
  return { kind: "output", output, result: "ok" };
}

/** The answer's `output`; one that is no text is shown as JSON. */
function outputOf(text: string): string | null {
  try {
    const body: unknown = JSON.parse(text);
    if (!isJsonObject(body) || body["output"] === undefined) return null;
    const { output } = body;
    return typeof output === "string" ? output : JSON.stringify(output);
  } catch {
    return null;
  }
}
