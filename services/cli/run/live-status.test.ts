import { describe, expect, it } from "vitest";
import { DeliveryTable } from "../../../src/bus/delivery-table.ts";
import type { WorkDelivery } from "../../../src/bus/port.ts";
import { workSubject } from "../../../src/bus/subjects.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { JobLedger } from "../../../src/job/job-ledger.ts";
import { liveFactsSchema } from "../../../src/job/live-facts.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import type { Logger, LogFields } from "../../../src/lib/logger.ts";
import { VirtualClock } from "../../../test/support/simulation/virtual-clock.ts";
import { LiveConditions } from "./live-conditions.ts";
import type { LiveConditionsParts } from "./live-conditions.ts";
import { LiveStatus } from "./live-status.ts";
import type { LiveStatusParts } from "./live-status.ts";

const IDENTITY = {
  namespace: "default",
  jobName: "small",
  jobUid: "0123456789ab",
  environmentUid: "ba9876543210",
  specHash: "",
  traceSeed: "",
};
const subjectOf = (itemIndex: number): string =>
  workSubject("rollout", { ...IDENTITY, itemIndex, sampleIndex: 0 }, 0);

/** A run whose parts say what a test has them say. */
class World {
  readonly clock = new VirtualClock();
  readonly closing = new AbortController();
  readonly deliveries = new DeliveryTable();
  readonly logged: LogFields[] = [];
  readonly there = new Set<string>();
  readonly streams: { full: readonly "work"[] } = { full: [] };
  readonly conditions: LiveConditions;
  readonly live: LiveStatus;
  repeatedWork: readonly { readonly subject: string; readonly deliveries: number }[] = [];
  isThrottled = false;
  isAway = false;
  tellStatus: (status: "connected" | "disconnected") => void = () => undefined;

  constructor() {
    const parts = this.#parts();
    this.conditions = new LiveConditions(parts);
    this.live = new LiveStatus({ ...parts, conditions: this.conditions });
  }

  give(subject: string, deliveries: number): void {
    this.deliveries.watch({ subject, deliveries } as WorkDelivery);
  }

  #parts(): Omit<LiveStatusParts, "conditions"> & LiveConditionsParts {
    const { streams } = this;
    const retry = { maxAttempts: 3, budgetPercent: 20 };
    const ledger = new JobLedger({ items: 2, samplesPerItem: 1, retry, indexes: null });
    const logger: Logger = {
      ...silentLogger,
      info: (_message, fields = {}) => void this.logged.push(fields),
    };
    const runner = {
      ledger,
      isInterrupted: false,
      silentStreams: [],
      get fullStreams() {
        return streams.full;
      },
      workers: () => [
        { worker: "w", slots: 2, free: 1, throttledEndpoints: [], repeatedWork: this.repeatedWork },
      ],
      endInput: () => ({
        total: 2,
        graded: 0,
        failed: 0,
        open: 0,
        firstEnds: ledger.firstEnds,
        retriesTaken: 0,
        retryBudget: 10,
        tokensUsed: 0,
        rolloutsDispatched: 0,
        elapsedSeconds: 1,
        deadlineSeconds: null,
        budget: {},
      }),
    };
    const orAway = async <T>(answer: T): Promise<T> => {
      if (this.isAway) throw new RollyardError("bus_unavailable");
      return answer;
    };
    return {
      identity: IDENTITY,
      startedAtMs: 0,
      runner,
      broker: {
        snapshot: () => ({
          ready: 0,
          starting: 0,
          leased: 0,
          replicas: 0,
          waiting: 0,
          oldestWaitMs: null,
          failed: 0,
          breaker: { state: "closed", consecutiveFailures: 0, lastCode: "", lastReason: "" },
          pressure: null,
        }),
      },
      bus: {
        onStatus: (handler) => void (this.tellStatus = handler),
        subjects: () => orAway(new Map([...this.there].map((subject) => [subject, 1]))),
        streamFills: () => orAway([{ stream: "events", usedBytes: 1, maxBytes: 10, lastStoredAtMs: null }]),
        workStates: () => orAway([]),
      },
      server: { restarts: () => 2 },
      endpoints: () => [
        {
          endpoint: "http://m",
          isThrottled: this.isThrottled,
          limit: 1,
          inFlight: 0,
          waiting: 0,
          pausedMs: 1500,
        },
      ],
      deliveries: this.deliveries,
      clock: this.clock,
      logger,
      signal: this.closing.signal,
    };
  }
}

const backpressure = ({ conditions }: World): string | undefined =>
  conditions.current().find(({ type }) => type === "Backpressure")?.reason;

describe("what a local run knows of itself", () => {
  it("has the form that a doctor reads", async () => {
    const facts = await new World().live.facts();
    expect(liveFactsSchema.parse(JSON.parse(JSON.stringify(facts)))).toEqual(facts);
    expect(facts).toMatchObject({ job: "small", bus: { restarts: 2 }, endpoints: [{ pausedSeconds: 1.5 }] });
  });

  it("logs each change of a condition once, and nothing of the parts that are being closed", async () => {
    const world = new World();
    const watching = world.conditions.watch();
    world.isThrottled = true;
    await world.clock.run(world.clock.sleep(3500), 60_000);
    world.isThrottled = false;
    world.streams.full = ["work"];
    await world.clock.run(world.clock.sleep(3500), 60_000);
    expect(world.logged.map(({ status, reason }) => `${String(status)} ${String(reason)}`)).toEqual([
      "True ModelThrottled",
      "True StreamFull",
    ]);
    world.closing.abort();
    world.tellStatus("disconnected");
    await world.clock.run(watching, 60_000);
    expect(backpressure(world)).toBe("StreamFull");
  });

  it("answers while the bus is away, and says what it does not know", async () => {
    const world = new World();
    world.isAway = true;
    expect(await world.live.facts()).toMatchObject({ bus: { connected: true, streams: null, work: null } });
    world.tellStatus("disconnected");
    expect(backpressure(world)).toBe("BusUnavailable");
    expect(await world.live.facts()).toMatchObject({ bus: { connected: false, streams: null } });
  });

  it("names the repeated messages of all who told of them that are still there, the worst first", async () => {
    const world = new World();
    world.give(subjectOf(0), 2);
    world.give(subjectOf(1), 3);
    world.give(subjectOf(2), 9);
    world.repeatedWork = [
      { subject: subjectOf(0), deliveries: 7 },
      { subject: subjectOf(3), deliveries: 2 },
    ];
    for (const item of [0, 1, 3]) world.there.add(subjectOf(item));
    const { deliveries } = await world.live.facts();
    expect(deliveries.map(({ rollout, deliveries: count }) => `${rollout} ${count}`)).toEqual([
      "0-0 7",
      "1-0 3",
      "3-0 2",
    ]);
  });
});
