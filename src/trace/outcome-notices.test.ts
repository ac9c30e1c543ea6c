import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeBus } from "../../test/support/bus/fake-bus.ts";
import type { FakeBusClient } from "../../test/support/bus/fake-bus.ts";
import { VirtualClock } from "../../test/support/simulation/virtual-clock.ts";
import { outcomesSubject } from "../bus/subjects.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { OutcomeLookout } from "./outcome-lookout.ts";
import { OutcomeNotices } from "./outcome-notices.ts";

const LIMIT_MS = 3_600_000;
const trace = (itemIndex: number) => ({
  namespace: "team",
  jobUid: "t0123456789ab",
  itemIndex,
  sampleIndex: 0,
});

let clock: VirtualClock;
let bus: FakeBus;
let grader: FakeBusClient;
let notices: OutcomeNotices;

beforeEach(() => {
  clock = new VirtualClock();
  bus = new FakeBus({ replicas: 1, clock });
  grader = bus.connect("grader");
  notices = new OutcomeNotices(bus.connect("gateway"), clock);
});
afterEach(() => bus.stop());

const later = (delayMs: number): Promise<void> => clock.run(clock.sleep(delayMs), LIMIT_MS);
const send = (itemIndex: number): Promise<unknown> =>
  clock.run(
    grader.publish({ subject: outcomesSubject(trace(itemIndex)), payload: new Uint8Array() }),
    LIMIT_MS,
  );

describe("notices of outcomes", () => {
  it("tell those who wait for that very rollout, until they stop", async () => {
    const told: string[] = [];
    const first = notices.watch(trace(1), () => told.push("first"));
    const second = notices.watch(trace(1), () => told.push("second"));
    notices.watch(trace(2), () => told.push("other"));
    await later(10);
    await send(1);
    first.stop();
    await send(1);
    second.stop();
    await send(1);
    expect(told).toEqual(["first", "second", "second"]);
  });

  it("listen once an environment, and no more once nobody has waited for a while", async () => {
    const [first, second] = [
      notices.watch(trace(1), () => undefined),
      notices.watch(trace(2), () => undefined),
    ];
    await later(10);
    expect(bus.subscriptions.size).toBe(1);
    first.stop();
    await later(120_000);
    notices.sweep();
    expect(bus.subscriptions.size).toBe(1);
    second.stop();
    notices.sweep();
    expect(bus.subscriptions.size).toBe(1);
    await later(61_000);
    notices.sweep();
    await later(10);
    expect(bus.subscriptions.size).toBe(0);
    notices.watch(trace(1), () => undefined);
    await later(10);
    expect(bus.subscriptions.size).toBe(1);
  });
});

describe("looking out for an outcome", () => {
  /** When each of the next looks is due, from now on. */
  async function pausesOf(lookout: OutcomeLookout, count: number): Promise<readonly number[]> {
    const pauses: number[] = [];
    for (let n = 0; n < count; n += 1) {
      const startedMs = clock.monotonicMs();
      await clock.run(lookout.pause(), LIMIT_MS);
      pauses.push(clock.monotonicMs() - startedMs);
    }
    return pauses;
  }
  const lookoutWith = (
    signal = new AbortController().signal,
    from: Pick<OutcomeNotices, "watch"> = notices,
  ) => new OutcomeLookout(from, trace(1), { clock, signal });

  it("looks seldom while it would hear of one, and at once and then soon again when it does", async () => {
    const lookout = lookoutWith();
    await later(10);
    expect(await pausesOf(lookout, 3)).toEqual([100, 250, 250]);
    const heard = lookout.pause();
    const startedMs = clock.monotonicMs();
    await send(1);
    await clock.run(heard, LIMIT_MS);
    expect(clock.monotonicMs() - startedMs).toBeLessThan(10);
    expect(await pausesOf(lookout, 4)).toEqual([1, 2, 4, 8]);
    lookout.stop();
  });

  it("looks often where the bus does not let it hear anything", async () => {
    const refusing = new OutcomeNotices(
      { listen: () => Promise.reject(new RollyardError("bus_forbidden")) },
      clock,
    );
    const lookout = lookoutWith(undefined, refusing);
    await later(10);
    expect(await pausesOf(lookout, 4)).toEqual([1, 2, 4, 8]);
    lookout.stop();
  });

  it("waits no more once nobody does", async () => {
    const over = new AbortController();
    const lookout = lookoutWith(over.signal);
    await later(10);
    const startedMs = clock.monotonicMs();
    const pause = lookout.pause();
    over.abort();
    await clock.run(pause, LIMIT_MS);
    await clock.run(lookout.pause(), LIMIT_MS);
    expect(clock.monotonicMs() - startedMs).toBeLessThan(100);
    lookout.stop();
  });
});
