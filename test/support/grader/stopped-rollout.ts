import { create } from "@bufbuild/protobuf";
import { encodeStored } from "../../../src/bus/envelope.ts";
import { HEADERS } from "../../../src/bus/port.ts";
import type { OutgoingMessage, WorkDelivery } from "../../../src/bus/port.ts";
import { eventsSubject, outcomesSubject, workSubject } from "../../../src/bus/subjects.ts";
import type { Text } from "../../../src/gen/rollyard/v1/events_pb.ts";
import { TextSchema } from "../../../src/gen/rollyard/v1/events_pb.ts";
import { GradeRequestSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
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
const NO_SPEC = "5".repeat(64);

/** What an attempt's log says. */
export interface AttemptLog {
  readonly attempt?: number;
  /** Of another rollout of the item than {@link PARTS}. */
  readonly sampleIndex?: number;
  readonly specHash?: string;
  readonly item?: JsonObject;
  readonly answer?: string;
  /** Null: the log goes on. */
  readonly seal?: RolloutEvent | null;
}

const started = ({ attempt = 0, specHash = NO_SPEC, item = { answer: "4" } }: AttemptLog): RolloutEvent =>
  newEvent(1, {
    case: "rolloutStarted",
    value: {
      rolloutId: "0123456789ab-3-1",
      traceId: "trace_test",
      attempt,
      itemIndex: 3,
      sampleIndex: 1,
      specHash,
      itemJson: text(JSON.stringify(item)),
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

/** The messages of an attempt's log, in order. */
export function attemptMessages(log: AttemptLog): readonly OutgoingMessage[] {
  const { attempt = 0, answer = "4", seal = STOPPED, sampleIndex = PARTS.sampleIndex } = log;
  const subject = eventsSubject({ ...PARTS, sampleIndex });
  let position = { attempt, messages: 0, digest: EMPTY_DIGEST };
  const batches = [[started(log), attached], [sampled(answer)], ...(seal === null ? [] : [[seal]])];
  return batches.map((events) => {
    const { payload, headers, next } = encodeLogMessage(position, `driver-${attempt}`, events);
    position = next;
    return { subject, payload, headers };
  });
}

/** Writes an attempt's log; the last message's sequence. */
export function writeAttempt(
  store: MemoryLogStore,
  attempt: number,
  log: Omit<AttemptLog, "attempt"> = {},
): number {
  const sequences = attemptMessages({ ...log, attempt }).map((message) => store.store(message));
  return sequences.at(-1) ?? 0;
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
      ...(outcome === "graded" ? { [HEADERS.reward]: "0.5" } : {}),
    },
  });
}

/** A delivery that remembers what was done with it. */
export interface RecordedDelivery extends WorkDelivery {
  readonly did: string[];
}

/** What a grade request says. */
export interface GradeRequestOf {
  readonly attempt: number;
  readonly sampleIndex?: number;
  readonly lastSequence: number;
  readonly outcomeAfter?: number;
  readonly specHash?: string;
  readonly environmentUid?: string;
}

const partsOf = ({ sampleIndex = PARTS.sampleIndex }: GradeRequestOf) => ({ ...PARTS, sampleIndex });

/** A grade request's payload. */
export function gradeRequestPayload(request: GradeRequestOf): Uint8Array {
  const { attempt, specHash = NO_SPEC, environmentUid = "e".repeat(12) } = request;
  return encodeStored(GradeRequestSchema, {
    ref: { ...partsOf(request), attempt, specHash, environmentUid },
    lastSeq: BigInt(request.lastSequence),
    outcomeAfter: BigInt(request.outcomeAfter ?? 0),
  });
}

/** A grade request's delivery. `onAck` runs before the acknowledgement counts. */
export function gradeDeliveryOf(
  request: GradeRequestOf,
  options: {
    readonly deliveries?: number;
    readonly payload?: Uint8Array;
    readonly onAck?: () => void | Promise<void>;
  } = {},
): RecordedDelivery {
  const did: string[] = [];
  const payload = gradeRequestPayload(request);
  return {
    subject: workSubject("grade", partsOf(request), request.attempt),
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
