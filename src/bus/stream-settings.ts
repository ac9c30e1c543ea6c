import { STREAMS, WORK_KINDS } from "./streams.ts";
import type { StreamName, WorkKind } from "./streams.ts";
import { workFilter } from "./subjects.ts";

/** What may differ between a laptop and a cluster. */
export interface StreamSizing {
  /** Copies of every stream: 1 on one server, 3 on a cluster. */
  readonly replicas: 1 | 3;
  /** Time after which an unacknowledged, beatless delivery goes to another; 60 s but in tests. */
  readonly ackWaitMs: number;
  /** Bytes reserved for each stream. */
  readonly maxBytes: Readonly<Record<StreamName, number>>;
}

/** A stream's configuration as `$JS.API.STREAM.CREATE` takes it. Durations are nanoseconds. */
export interface StreamSettings {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly retention: "limits" | "workqueue";
  readonly storage: "file";
  readonly discard: "new";
  readonly discard_new_per_subject: boolean;
  readonly max_msgs_per_subject: number;
  readonly max_msgs: number;
  readonly max_bytes: number;
  readonly max_age: number;
  readonly num_replicas: number;
  readonly allow_direct: boolean;
  readonly allow_rollup_hdrs: boolean;
  readonly deny_delete: boolean;
  readonly deny_purge: boolean;
}

/** A durable pull consumer's configuration as `$JS.API.CONSUMER.CREATE` takes it. Durations are nanoseconds. */
export interface ConsumerSettings {
  readonly durable_name: string;
  readonly name: string;
  readonly filter_subject: string;
  readonly ack_policy: "explicit";
  readonly deliver_policy: "all";
  readonly replay_policy: "instant";
  readonly ack_wait: number;
  readonly max_deliver: number;
  readonly max_ack_pending: number;
  readonly max_waiting: number;
  readonly num_replicas: number;
}

const MIB = 1024 * 1024;

/** Sizes for one machine: enough for some ten thousand rollouts, small enough for a laptop's disk. */
export const LOCAL_MAX_BYTES: Readonly<Record<StreamName, number>> = {
  work: 512 * MIB,
  events: 8192 * MIB,
  outcomes: 512 * MIB,
  regrades: 512 * MIB,
  leases: 64 * MIB,
  blobs: 8192 * MIB,
  specs: 256 * MIB,
};

/** One machine's settings. */
export const LOCAL_SIZING: StreamSizing = { replicas: 1, ackWaitMs: 60_000, maxBytes: LOCAL_MAX_BYTES };

const SUBJECTS: Readonly<Record<StreamName, readonly string[]>> = {
  work: ["rollyard.work.>"],
  events: ["rollyard.events.>", "rollyard.traces.>"],
  outcomes: ["rollyard.outcomes.>"],
  regrades: ["rollyard.regrades.>"],
  leases: ["rollyard.leases.>"],
  blobs: ["rollyard.blobs.>"],
  specs: ["$KV.rollyard-specs.>"],
};

/**
 * The settings of every stream. Nothing expires: an outcome that were gone would let a second one in.
 * `deny_purge` is off because the controller purges a job's data when the job is deleted.
 */
export function streamSettings(stream: StreamName, sizing: StreamSizing): StreamSettings {
  const isWork = stream === "work";
  const isBucket = stream === "specs";
  return {
    name: STREAMS[stream],
    subjects: SUBJECTS[stream],
    retention: isWork ? "workqueue" : "limits",
    storage: "file",
    discard: "new",
    discard_new_per_subject: isWork,
    max_msgs_per_subject: isWork || isBucket ? 1 : -1,
    max_msgs: -1,
    max_bytes: sizing.maxBytes[stream],
    max_age: 0,
    num_replicas: sizing.replicas,
    allow_direct: true,
    allow_rollup_hdrs: isBucket,
    deny_delete: true,
    deny_purge: false,
  };
}

/** Name of the durable consumer of a kind of work. */
export function workConsumer(kind: WorkKind): string {
  return `work-${kind}`;
}

/** The settings of a kind's durable consumer: unlimited pending, as the default of 1,000 would cap the fleet. */
export function consumerSettings(kind: WorkKind, sizing: StreamSizing): ConsumerSettings {
  return {
    durable_name: workConsumer(kind),
    name: workConsumer(kind),
    filter_subject: workFilter(kind),
    ack_policy: "explicit",
    deliver_policy: "all",
    replay_policy: "instant",
    ack_wait: sizing.ackWaitMs * 1_000_000,
    max_deliver: -1,
    max_ack_pending: -1,
    max_waiting: 8192,
    num_replicas: sizing.replicas,
  };
}

/** Every stream's short name, in the order in which they are created. */
export const STREAM_NAMES = Object.keys(STREAMS) as readonly StreamName[];

/** All consumers' settings. */
export function allConsumerSettings(sizing: StreamSizing): readonly ConsumerSettings[] {
  return WORK_KINDS.map((kind) => consumerSettings(kind, sizing));
}

/** The stream that stores a subject, or null when none does. */
export function streamOf(subject: string): StreamName | null {
  const found = STREAM_NAMES.find((stream) =>
    SUBJECTS[stream].some((filter) => subject.startsWith(filter.slice(0, -1))),
  );
  return found ?? null;
}
