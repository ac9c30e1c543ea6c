import { create } from "@bufbuild/protobuf";
import { encodeStored } from "../../../src/bus/envelope.ts";
import { HEADERS } from "../../../src/bus/port.ts";
import { eventsSubject, outcomesSubject } from "../../../src/bus/subjects.ts";
import { TextSchema } from "../../../src/gen/rollyard/v1/events_pb.ts";
import type { Text } from "../../../src/gen/rollyard/v1/events_pb.ts";
import { AttemptRefSchema, OutcomeSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import type { AttemptRef } from "../../../src/gen/rollyard/v1/work_pb.ts";
import { failedOutcomeMessage } from "../../../src/job/failed-outcome.ts";
import { NO_ACCOUNT } from "../../../src/grader/grading-account.ts";
import { outcomeSummary } from "../../../src/job/outcome-summary.ts";
import type { CountedOutcome } from "../../../src/job/rebuild-ledger.ts";
import { EMPTY_DIGEST } from "../../../src/rollout/digest.ts";
import { newEvent } from "../../../src/rollout/events.ts";
import type { RolloutEvent } from "../../../src/rollout/events.ts";
import type { RolloutPlace } from "../../../src/rollout/ids.ts";
import { rolloutId } from "../../../src/rollout/ids.ts";
import { encodeLogMessage } from "../../../src/rollout/log-message.ts";
import type { MemoryLogStore } from "../grader/memory-log-store.ts";

/** The job of these rollouts. */
export const JOB = { namespace: "team", jobUid: "0123456789ab", jobName: "repo-search" } as const;

const AT_MS = 1_700_000_000_000;
const text = (value: string): Text => create(TextSchema, { place: { case: "inline", value } });

/** An attempt to put on the bus. */
export interface EndedAttemptOf {
  readonly place: RolloutPlace;
  readonly attempt?: number;
  /** What the tool answers; it comes from a sandbox. */
  readonly output?: string;
  /** Absent: the attempt left no log. */
  readonly hasLog?: boolean;
}

/** Stores the log of an attempt that stopped and its graded outcome, as a worker and a grader do. */
export function gradedAttempt(
  store: MemoryLogStore,
  given: EndedAttemptOf & { readonly reward: number },
): CountedOutcome {
  const seal = newEvent(AT_MS + 900, { case: "rolloutStopped", value: { reason: "answered" } });
  const lastSequence = writeLog(store, given, seal);
  const { place, attempt = 0, reward } = given;
  const payload = encodeStored(OutcomeSchema, {
    ref: refOf(place, attempt),
    outcome: "graded",
    reward,
    passed: reward >= 1,
    subRewards: { f1: reward },
    flags: ["sample_parse_error"],
    usage: { promptTokens: 10, completionTokens: 2 },
    graderUsage: { judge: { promptTokens: 70, completionTokens: 3 } },
    graderErrors: { sample_parse_error: "true" },
    gradeSeconds: 0.25,
    lastSeq: BigInt(lastSequence),
  });
  const headers = {
    [HEADERS.append]: "grader:1",
    [HEADERS.attempt]: String(attempt),
    [HEADERS.outcome]: "graded",
    [HEADERS.reward]: String(reward),
  };
  return counted(store, { subject: outcomesSubject({ ...JOB, ...place }), payload, headers }, "graded");
}

/** Stores the log of an attempt that failed and its outcome. */
export function failedAttempt(
  store: MemoryLogStore,
  given: EndedAttemptOf & { readonly after: "retry" | "resume" | "final" },
): CountedOutcome {
  const { place, attempt = 0, hasLog = true, after } = given;
  const failure = {
    failureClass: "sandbox",
    code: "sandbox_lost",
    cause: "The sandbox was lost.",
    evidence: { exit_code: "137" },
  } as const;
  const seal = newEvent(AT_MS + 900, { case: "attemptFailed", value: failure });
  const lastSequence = hasLog ? writeLog(store, given, seal) : 0;
  const message = failedOutcomeMessage({
    ref: refOf(place, attempt),
    failure,
    account: NO_ACCOUNT,
    lastSequence,
    usage: null,
    endedAtMs: AT_MS + 1000,
    nonce: `controller-${attempt}`,
  });
  return counted(store, message, after);
}

type Stored = Parameters<MemoryLogStore["store"]>[0];

function counted(store: MemoryLogStore, message: Stored, after: CountedOutcome["after"]): CountedOutcome {
  const sequence = store.store(message);
  const { subject, headers = {} } = message;
  const outcome = outcomeSummary({ subject, headers, sequence, storedAtMs: AT_MS });
  if (outcome === null) throw new Error("the fixture's outcome is void");
  return { outcome, after };
}

function refOf(place: RolloutPlace, attempt: number): AttemptRef {
  return create(AttemptRefSchema, {
    ...JOB,
    ...place,
    attempt,
    traceId: `trace_${place.itemIndex}_${place.sampleIndex}`,
    specHash: "5".repeat(64),
    environmentUid: "e".repeat(12),
  });
}

function writeLog(store: MemoryLogStore, given: EndedAttemptOf, seal: RolloutEvent): number {
  const { place, attempt = 0, output = "found" } = given;
  let position = { attempt, messages: 0, digest: EMPTY_DIGEST };
  let sequence = 0;
  for (const events of [[started(place, attempt)], turnWithCall(output), answer(), [seal]]) {
    const { payload, headers, next } = encodeLogMessage(position, `driver-${attempt}`, events);
    position = next;
    sequence = store.store({ subject: eventsSubject({ ...JOB, ...place }), payload, headers });
  }
  return sequence;
}

function started(place: RolloutPlace, attempt: number): RolloutEvent {
  return newEvent(AT_MS, {
    case: "rolloutStarted",
    value: {
      rolloutId: rolloutId(JOB.jobUid, place),
      traceId: `trace_${place.itemIndex}_${place.sampleIndex}`,
      attempt,
      ...place,
      specHash: "5".repeat(64),
      itemJson: text('{"question":"where?"}'),
      messagesJson: text('[{"role":"user","content":"where?"}]'),
      dispatchedAtMs: AT_MS - 1500,
    },
  });
}

function turnWithCall(output: string): readonly RolloutEvent[] {
  const call = { turn: 0, index: 0, callId: "call_0", name: "search", argumentsJson: text("{}") };
  const asked = { id: "call_0", type: "function", function: { name: "search", arguments: "{}" } };
  const message = { role: "assistant", content: null, tool_calls: [asked] };
  return [
    newEvent(AT_MS + 10, {
      case: "sandboxLeased",
      value: { sandboxUid: "box", generation: 0, source: "warm", waitedMs: 40 },
    }),
    newEvent(AT_MS + 300, {
      case: "turnSampled",
      value: {
        turn: 0,
        messageJson: text(JSON.stringify(message)),
        finishReason: "tool_calls",
        usage: { promptTokens: 4, completionTokens: 1 },
        startedAtMs: AT_MS + 100,
        modelMs: 200,
      },
    }),
    newEvent(AT_MS + 300, { case: "toolCalled", value: call }),
    newEvent(AT_MS + 400, {
      case: "toolReturned",
      value: {
        turn: 0,
        index: 0,
        output: text(output),
        result: "ok",
        startedAtMs: AT_MS + 310,
        durationMs: 75,
      },
    }),
  ];
}

function answer(): readonly RolloutEvent[] {
  return [
    newEvent(AT_MS + 800, {
      case: "turnSampled",
      value: {
        turn: 1,
        messageJson: text('{"role":"assistant","content":"here"}'),
        finishReason: "stop",
        usage: { promptTokens: 6, completionTokens: 1 },
        startedAtMs: AT_MS + 500,
        modelMs: 300,
      },
    }),
  ];
}
