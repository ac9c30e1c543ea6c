import { create, toBinary } from "@bufbuild/protobuf";
import { HEADERS } from "../../../src/bus/port.ts";
import type { WorkDelivery } from "../../../src/bus/port.ts";
import { eventsSubject, outcomesSubject, workSubject } from "../../../src/bus/subjects.ts";
import type { Text } from "../../../src/gen/rollyard/v1/events_pb.ts";
import { TextSchema } from "../../../src/gen/rollyard/v1/events_pb.ts";
import { GradeRequestSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import { EMPTY_DIGEST } from "../../../src/rollout/digest.ts";
import { newEvent } from "../../../src/rollout/events.ts";
import type { RolloutEvent } from "../../../src/rollout/events.ts";
import { encodeLogMessage } from "../../../src/rollout/log-message.ts";
import type { MemoryLogStore } from "./memory-log-store.ts";

/** The rollout of these tests. */
export const PARTS = { namespace: "team", jobUid: "0123456789ab", itemIndex: 3, sampleIndex: 1 } as const;
export const EVENTS = eventsSubject(PARTS);
export const OUTCOMES = outcomesSubject(PARTS);
export const settleSubjectOf = (attempt: number): string => workSubject("settle", PARTS, attempt);

const text = (value: string): Text => create(TextSchema, { place: { case: "inline", value } });
const SPEC_HASH = "5".repeat(64);

const started = (attempt: number): RolloutEvent =>
  newEvent(1, {
    case: "rolloutStarted",
    value: {
      rolloutId: "0123456789ab-3-1",
      traceId: "trace_test",
      attempt,
      itemIndex: 3,
      sampleIndex: 1,
      specHash: SPEC_HASH,
      itemJson: text('{"answer":"4"}'),
      messagesJson: text('[{"role":"user","content":"2+2?"}]'),
    },
  });

const attached = newEvent(2, { case: "driverAttached", value: { driver: "worker-a", nonce: "n" } });

const sampled = (content: string): RolloutEvent =>
  newEvent(3, {
    case: "turnSampled",
    value: {
      turn: 0,
      messageJson: text(JSON.stringify({ role: "assistant", content })),
      finishReason: "stop",
      usage: { promptTokens: 10, completionTokens: 2 },
    },
  });

/** How an attempt's log ends. */
export const STOPPED = newEvent(4, { case: "rolloutStopped", value: { reason: "answered" } });
export const FAILED = newEvent(4, {
  case: "attemptFailed",
  value: { failureClass: "sandbox", code: "sandbox_lost", cause: "The sandbox was lost." },
});

/** Writes an attempt's log; the sealing message's sequence. Without a seal the log goes on. */
export function writeAttempt(
  store: MemoryLogStore,
  attempt: number,
  { answer = "4", seal = STOPPED }: { readonly answer?: string; readonly seal?: RolloutEvent | null } = {},
): number {
  let position = { attempt, messages: 0, digest: EMPTY_DIGEST };
  let sequence = 0;
  for (const events of [[started(attempt), attached], [sampled(answer)], seal === null ? [] : [seal]]) {
    if (events.length === 0) continue;
    const { payload, headers, next } = encodeLogMessage(position, `driver-${attempt}`, events);
    sequence = store.store({ subject: EVENTS, payload, headers });
    position = next;
  }
  return sequence;
}

/** Stores somebody's outcome of an attempt. */
export function writeOutcome(store: MemoryLogStore, attempt: number, outcome: "graded" | "failed"): number {
  return store.store({
    subject: OUTCOMES,
    payload: new Uint8Array(),
    headers: {
      [HEADERS.append]: "another:1",
      [HEADERS.attempt]: String(attempt),
      [HEADERS.outcome]: outcome,
    },
  });
}

/** A delivery that remembers what was done with it. */
export interface RecordedDelivery extends WorkDelivery {
  readonly did: string[];
}

/** A grade request's delivery. `onAck` runs before the acknowledgement counts. */
export function gradeDeliveryOf(
  request: { readonly attempt: number; readonly lastSequence: number; readonly outcomeAfter?: number },
  options: {
    readonly deliveries?: number;
    readonly payload?: Uint8Array;
    readonly onAck?: () => void | Promise<void>;
  } = {},
): RecordedDelivery {
  const did: string[] = [];
  const payload = toBinary(
    GradeRequestSchema,
    create(GradeRequestSchema, {
      schemaVersion: 1,
      ref: { ...PARTS, attempt: request.attempt, specHash: SPEC_HASH, environmentUid: "e".repeat(12) },
      lastSeq: BigInt(request.lastSequence),
      outcomeAfter: BigInt(request.outcomeAfter ?? 0),
    }),
  );
  return {
    subject: workSubject("grade", PARTS, request.attempt),
    payload: options.payload ?? payload,
    headers: {},
    deliveries: options.deliveries ?? 1,
    did,
    working: () => void did.push("working"),
    ack: async () => {
      await options.onAck?.();
      did.push("ack");
    },
    nak: async (delayMs) => void did.push(delayMs === undefined ? "nak" : `nak ${delayMs}`),
  };
}
