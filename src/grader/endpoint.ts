import { assertNever } from "../lib/assert-never.ts";
import { isJsonObject } from "../lib/json.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { EndpointReply } from "./endpoint-caller.ts";
import { graderAborted, graderBadAnswer, graderUnreachable } from "./grader-failure.ts";
import type { GradeDeps, GradeInput } from "./port.ts";
import type { SubGraderSpec } from "./schema.ts";
import { plainScore } from "./scorer.ts";
import type { Scorer } from "./scorer.ts";

/** Spec of an `endpoint` grader. */
export type EndpointSpec = Extract<SubGraderSpec, { type: "endpoint" }>;

/** Longest call and largest answer of the Agent RFT contract. */
const MAX_CALL_MS = 600_000;
const MAX_RESPONSE_BYTES = 1_000_000;

/**
 * Asks an HTTP endpoint by the Agent RFT contract: POST `{sample, item, trace_id}`, answer `{score}`. One call.
 * Refused, 429 and 5xx throw `grader_unreachable` and are waited out; anything else that is no score throws
 * `grader_bad_answer` or `grader_failed`. Never class config: a platform's endpoint may be mended while rollouts wait.
 */
export function compileEndpoint(spec: EndpointSpec): Scorer {
  const name = spec.name ?? spec.type;
  return {
    name,
    type: spec.type,
    score: async (input, deps) => {
      const sentAtMs = deps.clock.monotonicMs();
      const reply = await deps.endpointCaller.post(requestOf(spec, input, deps));
      if (!isNotToBeHad(reply)) deps.spend(deps.clock.monotonicMs() - sentAtMs);
      return plainScore(scoreOf(name, reply));
    },
  };
}

function requestOf(spec: EndpointSpec, { item, sample, attempt }: GradeInput, deps: GradeDeps) {
  return {
    url: spec.url,
    headers: spec.headers ?? {},
    body: JSON.stringify({ sample, item, trace_id: attempt.traceId }),
    timeoutMs: Math.min(MAX_CALL_MS, deps.timeLimitMs),
    maxResponseBytes: MAX_RESPONSE_BYTES,
    signal: deps.signal,
  };
}

function scoreOf(name: string, reply: EndpointReply): number {
  switch (reply.kind) {
    case "answered":
      return scoreOfAnswer(name, reply);
    case "unreachable":
      throw graderUnreachable(name, { reason: reply.reason });
    case "broken":
      throw failed(name, "broke the connection", { reason: reply.reason });
    case "timeout":
      throw failed(name, "did not answer in time", { reason: "timeout" });
    case "too_large":
      throw graderBadAnswer(name, "answered more than 1 MB");
    case "aborted":
      throw graderAborted();
    default:
      return assertNever(reply);
  }
}

type Answer = Extract<EndpointReply, { kind: "answered" }>;

/** An endpoint that can't be had now is waited for, and its time is nobody's. */
function isNotToBeHad(reply: EndpointReply): boolean {
  return reply.kind === "unreachable" || (reply.kind === "answered" && isBusy(reply.status));
}

function isBusy(status: number): boolean {
  return status === 429 || status >= 500;
}

function scoreOfAnswer(name: string, { status, body, retryAfterMs }: Answer): number {
  if (isBusy(status)) {
    const wait = retryAfterMs === null ? {} : { retryAfterMs };
    throw graderUnreachable(name, { status, ...wait });
  }
  if (status < 200 || status > 299) throw failed(name, `answered HTTP ${status}`, { status });
  const answer = parseOrNull(body);
  const score = isJsonObject(answer) ? answer["score"] : undefined;
  if (typeof score === "number" && Number.isFinite(score)) return score;
  throw graderBadAnswer(name, 'answered no JSON object with a finite "score"');
}

function parseOrNull(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function failed(
  name: string,
  what: string,
  details: Readonly<Record<string, string | number>>,
): RollyardError {
  return new RollyardError("grader_failed", {
    message: `The endpoint of grader "${name}" ${what}.`,
    details: { grader: "endpoint", ...details },
  });
}
