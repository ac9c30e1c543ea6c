import type { RolloutEvent } from "../../../../src/rollout/events.ts";
import type { AttemptState, CallState } from "../../../../src/rollout/state.ts";
import type { LogStep } from "../rules/log.ts";
import { IDLE_MS } from "./run-trace-controller.ts";

/** One message of a trace's log, by whom, and how long nothing was stored before it. */
export interface TraceStep extends LogStep {
  readonly client: string;
  readonly silentMs: number;
  /** What wall clocks may be off by. */
  readonly clocksOffMs: number;
}

/** What each event of a trace's log may follow. */
export function judgeTraceLog(step: TraceStep): readonly string[] {
  const { token, before, after } = step;
  if (after.attempts.length > 1) return [`${token} has ${after.attempts.length} attempts`];
  const attempt = before.attempts.at(-1) ?? null;
  return step.events.flatMap((event) => judgeEvent(step, attempt, event));
}

function judgeEvent(
  { token, after, client, silentMs, clocksOffMs }: TraceStep,
  before: AttemptState | null,
  { kind }: RolloutEvent,
): readonly string[] {
  switch (kind.case) {
    case "sandboxLeased":
      return (before?.sandboxes ?? []).map(({ sandboxUid }) => `${token} has ${sandboxUid}, and got another`);
    case "toolReturned":
      return judgeReturn(token, before, kind.value);
    case "rolloutStopped":
      return openCalls(before).map(({ callId }) => `${token} stopped although ${callId} has no answer`);
    case "attemptFailed":
      return judgeFailed(token, after.attempts.at(-1) ?? null);
    case "rolloutCancelled":
      return client.startsWith("controller") && silentMs + clocksOffMs >= IDLE_MS
        ? []
        : [`${client} cancelled ${token} after ${silentMs} ms`];
    default:
      return [];
  }
}

function judgeReturn(
  token: string,
  before: AttemptState | null,
  { turn, index }: { readonly turn: number; readonly index: number },
): readonly string[] {
  const call = before?.turns[turn]?.calls[index];
  return call?.returned ? [`${call.callId} of ${token} returned twice`] : [];
}

/** A trace fails by a call that infrastructure lost, and for no other reason. */
function judgeFailed(token: string, attempt: AttemptState | null): readonly string[] {
  const lost = openCalls(attempt).filter(({ failedTries = 0 }) => failedTries > 0);
  if (lost.length === 0) return [`${token} failed although no call of it was lost`];
  const failure = attempt?.seal?.kind === "failed" ? attempt.seal.failure : null;
  return failure?.failureClass === "internal" ? [`${token} failed by a bug of ours: ${failure.code}`] : [];
}

function openCalls(attempt: AttemptState | null): readonly CallState[] {
  return (attempt?.turns ?? []).flatMap(({ calls }) => calls.filter(({ returned }) => returned === null));
}
