import { z } from "zod";
import { conditionSchema } from "./job-conditions.ts";
import { jobStatusSchema } from "./job-status.ts";

const count = z.number();
const seconds = z.number();

const sandboxFactsSchema = z.object({
  ready: count,
  starting: count,
  leased: count,
  /** Claims without a sandbox. */
  waiting: count,
  /** How long the oldest of them has waited; null without any. */
  oldestWaitSeconds: seconds.nullable(),
  /** Starts that failed since the broker began. */
  failedStarts: count,
  breaker: z.object({
    /** Closed: starts run freely. Open or trial: one at a time, at growing intervals. */
    state: z.enum(["closed", "open", "trial"]),
    consecutiveFailures: count,
    lastCode: z.string(),
    lastReason: z.string(),
  }),
});

const endpointFactsSchema = z.object({
  /** Scheme, host and port. */
  endpoint: z.string(),
  throttled: z.boolean(),
  /** Most requests at once that it bears now. */
  limit: count,
  inFlight: count,
  waiting: count,
  /** Nothing is sent for this long. */
  pausedSeconds: seconds,
});

const workFactsSchema = z.object({
  kind: z.enum(["rollout", "grade", "settle"]),
  /** Stored and not delivered yet. */
  waiting: count,
  /** Delivered and not acknowledged. */
  unacked: count,
  /** Of those the ones that were delivered more than once. */
  redelivered: count,
  /** Requests for work that wait at the server: none means that nobody takes it. */
  pulls: count,
  lastAckSecondsAgo: seconds.nullable(),
  /** The oldest message that is not acknowledged; null without any. */
  oldest: z.object({ rollout: z.string(), attempt: count, ageSeconds: seconds }).nullable(),
});

/** A work message that was delivered again. */
export const deliveryFactsSchema = z.object({
  kind: z.enum(["rollout", "grade", "settle"]),
  /** `<item>-<sample>`. */
  rollout: z.string(),
  attempt: count,
  deliveries: count,
});

/** What a running job's process knows of it, for whoever has to explain it; nothing is decided from it. */
export const liveFactsSchema = z.object({
  job: z.string(),
  jobUid: z.string(),
  at: z.string(),
  startTime: z.string(),
  status: jobStatusSchema,
  conditions: z.array(conditionSchema),
  budget: z.object({
    retries: z.object({ taken: count, most: count }),
    tokens: z.object({ used: count, most: count.nullable() }),
    rollouts: z.object({ started: count, most: count.nullable() }),
    seconds: z.object({ elapsed: seconds, most: seconds.nullable() }),
  }),
  sandboxes: sandboxFactsSchema,
  /** Endpoints that this process calls. */
  endpoints: z.array(endpointFactsSchema),
  /** Workers that were heard of in the last half minute, the one in this process among them. */
  workers: z.array(z.object({ worker: z.string(), slots: count, free: count, throttled: z.boolean() })),
  bus: z.object({
    connected: z.boolean(),
    /** How often its server had to be started again. */
    restarts: count,
    /** Null while it does not answer. */
    streams: z.array(z.object({ stream: z.string(), usedBytes: count, maxBytes: count })).nullable(),
    work: z.array(workFactsSchema).nullable(),
  }),
  /** Messages that this process, or a worker, was given more than once and that are still there. */
  deliveries: z.array(deliveryFactsSchema),
  progress: z.object({
    /** Since anything was recorded: a turn, a tool call, an attempt's end. Null before, or while the bus is down. */
    lastEventSecondsAgo: seconds.nullable(),
    lastOutcomeSecondsAgo: seconds.nullable(),
  }),
});

/** See {@link liveFactsSchema}. */
export type LiveFacts = z.output<typeof liveFactsSchema>;

/** One of {@link LiveFacts}' deliveries. */
export type DeliveryFacts = z.output<typeof deliveryFactsSchema>;
