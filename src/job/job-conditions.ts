import { z } from "zod";
import type { JobEnd } from "./job-end.ts";

/** A condition in the form that Kubernetes gives them; `lastTransitionTime` is when its status last changed (RFC 3339). */
export const conditionSchema = z.object({
  type: z.enum(["Progressing", "Backpressure", "Suspended", "Complete", "Failed"]),
  status: z.enum(["True", "False"]),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: z.string(),
});

/** See {@link conditionSchema}. */
export type Condition = z.output<typeof conditionSchema>;

/** Why work is held up though nothing has failed. */
export type BackpressureReason =
  | "BusUnavailable"
  | "StreamSilent"
  | "StreamFull"
  | "Unschedulable"
  | "ModelThrottled";

/** What a job's conditions are decided from. */
export interface ConditionFacts {
  /** Null while it goes on. */
  readonly end: JobEnd | null;
  /** Whether dispatch was stopped so that the job can go on later. */
  readonly isSuspended: boolean;
  readonly rollouts: { readonly total: number; readonly graded: number; readonly failed: number };
  readonly isBusDown: boolean;
  /** Streams whose lack of room keeps rollouts from being dispatched. */
  readonly fullStreams: readonly string[];
  /** Streams that answer nothing to what they are sent. */
  readonly silentStreams: readonly string[];
  /** Why no sandbox starts any more; null while they do. */
  readonly startsFailing: string | null;
  /** The endpoints, or the workers, that a model endpoint throttles now. */
  readonly throttled: readonly string[];
}

type Decided = Omit<Condition, "lastTransitionTime">;

/**
 * A job's conditions now; `before` are those of last time, whose transition times stay where a status stays. Pure.
 * Complete and Failed are never both True, and a True one of them is the last word.
 */
export function jobConditions(
  facts: ConditionFacts,
  nowMs: number,
  before: readonly Condition[] = [],
): readonly Condition[] {
  const now = new Date(nowMs).toISOString();
  const decided = [progressing(facts), backpressure(facts), suspended(facts), ...ends(facts)];
  return decided.map((condition) => {
    const last = before.find(({ type }) => type === condition.type);
    const isSame = last !== undefined && last.status === condition.status;
    return { ...condition, lastTransitionTime: isSame ? last.lastTransitionTime : now };
  });
}

/** The conditions that changed in status, or in the reason why they are True: what is worth a log line. */
export function changedConditions(
  before: readonly Condition[],
  after: readonly Condition[],
): readonly Condition[] {
  return after.filter(({ type, status, reason }) => {
    const last = before.find((condition) => condition.type === type);
    return last?.status !== status || (status === "True" && last.reason !== reason);
  });
}

/** What a job waits for, in two or three words; null when nothing holds it up. */
export function waitingFor(conditions: readonly Condition[]): string | null {
  const held = conditions.find(({ type, status }) => type === "Backpressure" && status === "True");
  return held === undefined ? null : (WAITING[held.reason] ?? held.reason);
}

const WAITING: Readonly<Record<string, string>> = {
  BusUnavailable: "message bus",
  StreamSilent: "a stream answers nothing",
  StreamFull: "a stream is full",
  Unschedulable: "sandboxes do not start",
  ModelThrottled: "model throttled",
} satisfies Record<BackpressureReason, string>;

function progressing({ end, isSuspended, rollouts }: ConditionFacts): Decided {
  const { total, graded, failed } = rollouts;
  const message = `${graded} of ${total} rollouts graded, ${failed} failed.`;
  if (end !== null) return { type: "Progressing", status: "False", reason: end.reason, message };
  if (isSuspended) return { type: "Progressing", status: "False", reason: "Suspended", message };
  return { type: "Progressing", status: "True", reason: "RolloutsLeft", message };
}

function suspended({ end, isSuspended }: ConditionFacts): Decided {
  return end === null && isSuspended
    ? { type: "Suspended", status: "True", reason: "Interrupted", message: "No new rollouts; it can go on." }
    : { type: "Suspended", status: "False", reason: "NotSuspended", message: "" };
}

function ends({ end }: ConditionFacts): readonly Decided[] {
  return (["Complete", "Failed"] as const).map((type) =>
    end?.condition === type
      ? { type, status: "True", reason: end.reason, message: end.message }
      : { type, status: "False", reason: end === null ? "NotEnded" : "EndedOtherwise", message: "" },
  );
}

/** The first of several reasons counts: what is behind it can't be seen, or does not matter, while it holds. */
function backpressure(facts: ConditionFacts): Decided {
  const found = facts.end === null ? pressures(facts) : [];
  const [first] = found;
  if (first === undefined) {
    return { type: "Backpressure", status: "False", reason: "NoBackpressure", message: "" };
  }
  const message = found.map(([, sentence]) => sentence).join(" ");
  return { type: "Backpressure", status: "True", reason: first[0], message };
}

function pressures(facts: ConditionFacts): readonly (readonly [BackpressureReason, string])[] {
  const { isBusDown, silentStreams, fullStreams, startsFailing, throttled } = facts;
  const all: readonly (readonly [boolean, BackpressureReason, string])[] = [
    [isBusDown, "BusUnavailable", "The message bus does not answer."],
    [
      silentStreams.length > 0,
      "StreamSilent",
      `Streams answer nothing (${silentStreams.join(", ")}): if the disk of nats-server is full, make room and start it again. No new rollouts are dispatched meanwhile.`,
    ],
    [
      fullStreams.length > 0,
      "StreamFull",
      `No room in the streams (${fullStreams.join(", ")}): no new rollouts are dispatched until there is.`,
    ],
    [startsFailing !== null, "Unschedulable", `Sandboxes do not start: ${startsFailing ?? ""}`],
    [throttled.length > 0, "ModelThrottled", `The model endpoint answers 429: ${throttled.join(", ")}.`],
  ];
  return all.flatMap(([holds, reason, sentence]) => (holds ? [[reason, sentence] as const] : []));
}
