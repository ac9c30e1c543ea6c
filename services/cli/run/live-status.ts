import type { DeliveryTable, RepeatedDelivery } from "../../../src/bus/delivery-table.ts";
import type { BusInspector, WorkState } from "../../../src/bus/inspection.ts";
import type { Bus } from "../../../src/bus/port.ts";
import { parseWorkSubject, rolloutToken } from "../../../src/bus/subjects.ts";
import type { JobIdentity } from "../../../src/job/job-identity.ts";
import type { JobRunner } from "../../../src/job/job-runner.ts";
import { jobStatus } from "../../../src/job/job-status.ts";
import type { DeliveryFacts, LiveFacts } from "../../../src/job/live-facts.ts";
import type { Clock } from "../../../src/lib/clock.ts";
import type { EndpointState } from "../../../src/model/endpoint-gate.ts";
import type { BrokerSnapshot } from "../../../src/sandbox/broker-options.ts";
import type { LiveConditions } from "./live-conditions.ts";

/** Where a local run's status is read from. */
export interface LiveStatusParts {
  readonly identity: JobIdentity;
  readonly startedAtMs: number;
  readonly conditions: Pick<LiveConditions, "look" | "isBusDown">;
  readonly runner: Pick<JobRunner, "ledger" | "workers" | "endInput">;
  readonly broker: { snapshot(): BrokerSnapshot };
  readonly bus: Pick<Bus, "subjects"> & BusInspector;
  readonly server: { restarts(): number };
  readonly endpoints: () => readonly (EndpointState & { readonly endpoint: string })[];
  readonly deliveries: DeliveryTable;
  readonly clock: Clock;
}

/** How long a status waits for the bus. */
const PATIENCE_MS = 3000;
/** Messages that a status names. */
const MOST_DELIVERIES = 100;

/** What a local run tells whoever asks. */
export class LiveStatus {
  readonly #parts: LiveStatusParts;

  constructor(parts: LiveStatusParts) {
    this.#parts = parts;
  }

  /** Everything. Never rejects: what the bus does not answer is null. */
  async facts(): Promise<LiveFacts> {
    const { identity, startedAtMs, runner, clock } = this.#parts;
    const conditions = this.#parts.conditions.look();
    const nowMs = clock.nowMs();
    const { bus, progress } = await this.#busFacts(nowMs);
    const deliveries = await this.#deliveries();
    return {
      job: identity.jobName,
      jobUid: identity.jobUid,
      at: new Date(nowMs).toISOString(),
      startTime: new Date(startedAtMs).toISOString(),
      status: jobStatus(runner.ledger),
      conditions: [...conditions],
      budget: this.#budget(),
      sandboxes: this.#sandboxes(),
      endpoints: this.#parts
        .endpoints()
        .map(({ endpoint, isThrottled, limit, inFlight, waiting, pausedMs }) => ({
          endpoint,
          throttled: isThrottled,
          limit,
          inFlight,
          waiting,
          pausedSeconds: pausedMs / 1000,
        })),
      workers: runner.workers().map(({ throttledEndpoints, worker, slots, free }) => ({
        worker,
        slots,
        free,
        throttled: throttledEndpoints.length > 0,
      })),
      bus,
      deliveries: [...deliveries],
      progress,
    };
  }

  #budget(): LiveFacts["budget"] {
    const input = this.#parts.runner.endInput();
    return {
      retries: { taken: input.retriesTaken, most: input.retryBudget },
      tokens: { used: input.tokensUsed, most: input.budget.totalTokens ?? null },
      rollouts: { started: input.rolloutsDispatched, most: input.budget.rollouts ?? null },
      seconds: { elapsed: input.elapsedSeconds, most: input.deadlineSeconds },
    };
  }

  #sandboxes(): LiveFacts["sandboxes"] {
    const { ready, starting, leased, waiting, oldestWaitMs, failed, breaker } = this.#parts.broker.snapshot();
    const oldestWaitSeconds = oldestWaitMs === null ? null : oldestWaitMs / 1000;
    return {
      ready,
      starting,
      leased,
      waiting,
      oldestWaitSeconds,
      failedStarts: failed,
      breaker: { ...breaker },
    };
  }

  async #busFacts(nowMs: number): Promise<Pick<LiveFacts, "bus" | "progress">> {
    const { bus, server } = this.#parts;
    const restarts = server.restarts();
    const [fills, work] = this.#parts.conditions.isBusDown
      ? [null, null]
      : await Promise.all([this.#orNull(bus.streamFills()), this.#orNull(bus.workStates())]);
    const ago = (atMs: number | null): number | null =>
      atMs === null ? null : Math.max(0, nowMs - atMs) / 1000;
    const lastOf = (wanted: string): number | null =>
      ago(fills?.find(({ stream }) => stream === wanted)?.lastStoredAtMs ?? null);
    const streams =
      fills?.map(({ stream, usedBytes, maxBytes }) => ({ stream, usedBytes, maxBytes })) ?? null;
    return {
      bus: {
        connected: !this.#parts.conditions.isBusDown,
        restarts,
        streams,
        work: work?.map((state) => workFacts(state, ago)) ?? null,
      },
      progress: { lastEventSecondsAgo: lastOf("events"), lastOutcomeSecondsAgo: lastOf("outcomes") },
    };
  }

  /** Of the messages that were delivered again those that are still there. */
  async #deliveries(): Promise<readonly DeliveryFacts[]> {
    const { deliveries, bus, identity, runner } = this.#parts;
    const repeated = mostOften([
      ...deliveries.repeated(),
      ...runner.workers().flatMap(({ repeatedWork }) => repeatedWork),
    ]);
    if (repeated.length === 0) return [];
    const there = this.#parts.conditions.isBusDown
      ? null
      : await this.#orNull(
          bus.subjects("work", `rollyard.work.*.${identity.namespace}.${identity.jobUid}.>`),
        );
    return repeated
      .filter(({ subject }) => there?.has(subject) ?? true)
      .slice(0, MOST_DELIVERIES)
      .flatMap(({ subject, deliveries: count }) => {
        const parts = parseWorkSubject(subject);
        if (parts === null) return [];
        return [
          { kind: parts.kind, rollout: rolloutToken(parts), attempt: parts.attempt, deliveries: count },
        ];
      });
  }

  /** What the bus does not answer soon is not known: whoever asks must not wait as long as the work does. */
  #orNull<T>(answer: Promise<T>): Promise<T | null> {
    const over = new AbortController();
    const late = this.#parts.clock.sleep(PATIENCE_MS, over.signal).then(() => null);
    return Promise.race([answer.catch(() => null), late]).finally(() => over.abort());
  }
}

/** Each message once, with the highest count that anyone saw; most often first. */
function mostOften(seen: readonly RepeatedDelivery[]): readonly RepeatedDelivery[] {
  const counts = new Map<string, number>();
  for (const { subject, deliveries } of seen) {
    counts.set(subject, Math.max(deliveries, counts.get(subject) ?? 0));
  }
  return [...counts]
    .map(([subject, deliveries]) => ({ subject, deliveries }))
    .toSorted((a, b) => b.deliveries - a.deliveries);
}

function workFacts(
  state: WorkState,
  ago: (atMs: number | null) => number | null,
): NonNullable<LiveFacts["bus"]["work"]>[number] {
  const { kind, waiting, unacked, redelivered, pulls, lastAckAtMs, oldest } = state;
  const parts = oldest === null ? null : parseWorkSubject(oldest.subject);
  return {
    kind,
    waiting,
    unacked,
    redelivered,
    pulls,
    lastAckSecondsAgo: ago(lastAckAtMs),
    oldest:
      oldest === null || parts === null
        ? null
        : { rollout: rolloutToken(parts), attempt: parts.attempt, ageSeconds: ago(oldest.storedAtMs) ?? 0 },
  };
}
