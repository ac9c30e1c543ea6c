/** The streams of the bus and their subjects; settings are in stream-settings.ts. Wire names: docs/protocol. */
export const STREAMS = {
  work: "ROLLYARD_WORK",
  events: "ROLLYARD_EVENTS",
  outcomes: "ROLLYARD_OUTCOMES",
  regrades: "ROLLYARD_REGRADES",
  leases: "ROLLYARD_LEASES",
  blobs: "ROLLYARD_BLOBS",
  /** The key-value bucket `rollyard-specs` as the stream that it is. */
  specs: "KV_rollyard-specs",
} as const;

/** Short name of a stream, a key of {@link STREAMS}. */
export type StreamName = keyof typeof STREAMS;

/** The kinds of work, each with one durable pull consumer. */
export const WORK_KINDS = ["rollout", "grade", "settle"] as const;

/** One of {@link WORK_KINDS}. */
export type WorkKind = (typeof WORK_KINDS)[number];
