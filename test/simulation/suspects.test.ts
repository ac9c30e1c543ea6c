import { describe, expect, it } from "vitest";
import type { WorkDelivery } from "../../src/bus/port.ts";
import type { Clock } from "../../src/lib/clock.ts";
import { DONE_GRADER, startWorldGrader } from "../support/grader/world-grader.ts";
import { modelAnswer, WorkerWorld } from "../support/rollout/worker-world.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DOWN = { graderType: "endpoint", code: "grader_unreachable", delayMs: 30_000 } as const;

/** A world whose model takes its time for each call; changed while it runs. */
function worldWithCallsOf(callMs: number): {
  readonly world: WorkerWorld;
  readonly model: { callMs: number };
} {
  const model = { callMs };
  const world: WorkerWorld = new WorkerWorld({
    sample: async (request) => {
      await world.clock.sleep(model.callMs, request.signal);
      request.signal?.throwIfAborted();
      return modelAnswer();
    },
  });
  return { world, model };
}

/** Hands the items from worker to worker, so that they are delivered often and no worker dies. */
async function handOver(world: WorkerWorld, items: readonly number[], times: number): Promise<void> {
  for (const item of items) await world.dispatch(item);
  for (let round = 0; round < times; round += 1) {
    const name = `round-${round}`;
    const { worker } = await world.worker(name);
    for (const item of items) await world.until(async () => (await world.attempt(item))?.driver?.id === name);
    await worker.drain();
  }
}

/** Drives the items in workers that die, until each of them has so many drivers without a turn. */
async function killDrivers(world: WorkerWorld, items: readonly number[], deaths: number): Promise<void> {
  for (const item of items) await world.dispatch(item);
  for (let round = 0; round < deaths; round += 1) {
    const name = `dies-${round}`;
    const { kill } = await world.worker(name);
    for (const item of items) await world.until(async () => (await world.attempt(item))?.driver?.id === name);
    kill();
  }
}

describe("a rollout that was delivered again and again", () => {
  it("is left to the driver that has it, however long it has recorded nothing", async () => {
    const { world } = worldWithCallsOf(3 * HOUR_MS);
    const play = async (): Promise<void> => {
      await world.worker("first", {}, 1);
      await world.dispatch(0);
      await world.until(async () => (await world.attempt(0))?.driver?.id === "first");
      await world.worker("second", {}, 1);
      await world.clock.sleep(HOUR_MS);
      for (let times = 0; times < 25; times += 1) {
        world.bus.redeliver();
        await world.clock.sleep(20_000);
      }
      expect(world.inWork("settle")).toEqual([]);
      await world.until(() => world.inWork("grade").length === 1, 1000);
      expect(await world.attempt(0)).toMatchObject({ driver: { id: "first" }, attachesSinceTurn: 0 });
    };
    await world.clock.run(play(), DAY_MS);
  });

  it("is driven on when each of its workers had handed it over, long ago", async () => {
    const { world, model } = worldWithCallsOf(HOUR_MS);
    const play = async (): Promise<void> => {
      await handOver(world, [0], 24);
      await world.clock.sleep(8 * HOUR_MS);
      model.callMs = 1000;
      await world.worker("next day");
      await world.until(() => world.inWork("rollout").length === 0);
      expect(world.inWork("grade")).toEqual([0]);
      expect(world.inWork("settle")).toEqual([]);
    };
    await world.clock.run(play(), DAY_MS);
  });

  it("is not set aside because its worker's clock jumps while it waits", async () => {
    const { world } = worldWithCallsOf(1000);
    let aheadMs = 0;
    const clock: Clock = {
      nowMs: () => world.clock.nowMs() + aheadMs,
      monotonicMs: () => world.clock.monotonicMs(),
      sleep: (...wait) => world.clock.sleep(...wait),
    };
    const play = async (): Promise<void> => {
      await killDrivers(world, [0], 1);
      const outages = world.bus.connect("outages");
      const taken: WorkDelivery[] = [];
      while (taken.length < 25) {
        await taken.at(-1)?.nak();
        const onDelivery = (delivery: WorkDelivery): void => void taken.push(delivery);
        await outages.pull({ kind: "rollout", max: 1, expiresMs: 1000, onDelivery });
      }
      await world.worker("second", { clock });
      aheadMs = 40 * MINUTE_MS;
      await taken.at(-1)?.nak();
      await world.until(() => world.inWork("rollout").length === 0);
      expect(world.inWork("settle")).toEqual([]);
      expect(world.inWork("grade")).toEqual([0]);
    };
    await world.clock.run(play(), DAY_MS);
  });

  it.each([
    ["just now", 0],
    ["long ago", 8 * HOUR_MS],
  ])("waits for no other one when its workers had handed it over %s", async (_when, agoMs) => {
    const { world, model } = worldWithCallsOf(HOUR_MS);
    const play = async (): Promise<void> => {
      await handOver(world, [0, 1, 2, 3], 8);
      await world.clock.sleep(agoMs);
      model.callMs = 200_000;
      await world.worker("last");
      await world.clock.sleep(model.callMs + 10_000);
      expect(world.inWork("grade").toSorted()).toEqual([0, 1, 2, 3]);
    };
    await world.clock.run(play(), DAY_MS);
  });
});

describe("suspects that wait in a worker", () => {
  it("leave slots to what is healthy", async () => {
    const { world, model } = worldWithCallsOf(HOUR_MS);
    const play = async (): Promise<void> => {
      await killDrivers(world, [0, 1, 2, 3], 4);
      model.callMs = 250_000;
      const { worker } = await world.worker("last", {}, 4);
      await world.until(() => worker.activeCount === 4, 1000);
      await world.dispatch(7);
      await world.until(async () => (await world.attempt(7))?.driver?.id === "last", 1000);
      await world.clock.sleep(60_000);
      // One of the suspects is driven, and none has had its turn.
      const suspects = await Promise.all([0, 1, 2, 3].map((item) => world.attempt(item)));
      expect(suspects.filter((attempt) => attempt?.driver?.id === "last")).toHaveLength(1);
      expect(world.inWork("grade")).toEqual([]);
    };
    await world.clock.run(play(), 10 * MINUTE_MS);
  });

  it("are never more than half as many as its slots beyond those", async () => {
    const { world, model } = worldWithCallsOf(HOUR_MS);
    const items = Array.from({ length: 16 }, (_, index) => index);
    const play = async (): Promise<void> => {
      await killDrivers(world, items, 2);
      model.callMs = 20_000;
      const { worker } = await world.worker("last", {}, 4);
      let most = 0;
      await world.until(() => {
        most = Math.max(most, worker.activeCount);
        return world.inWork("grade").length === items.length;
      }, 500);
      expect(most).toBeLessThanOrEqual(6);
    };
    await world.clock.run(play(), DAY_MS);
  });
});

/** Stops the items' agents, and lets the first item's grade request come back so often that it is suspected. */
async function suspectAmong(world: WorkerWorld, items: number): Promise<void> {
  for (let item = 0; item < items; item += 1) await world.dispatch(item);
  const { worker } = await world.worker("worker");
  await world.until(() => world.inWork("grade").length === items);
  await worker.stop();
  const client = world.bus.connect("gives back");
  const others: WorkDelivery[] = [];
  const taken: WorkDelivery[] = [];
  while (taken.length < 10) {
    const onDelivery = (delivery: WorkDelivery): void => {
      if (!delivery.subject.includes(".0-0.")) return void others.push(delivery);
      taken.push(delivery);
      void delivery.nak(10);
    };
    await client.pull({ kind: "grade", max: taken.length === 0 ? items : 1, expiresMs: 1000, onDelivery });
  }
  await Promise.all(others.map((delivery) => delivery.nak()));
}

describe("a suspect among gradings", () => {
  it("has its turn although there is always other work", async () => {
    const { world } = worldWithCallsOf(1000);
    const graded: number[] = [];
    const play = async (): Promise<void> => {
      await suspectAmong(world, 4);
      startWorldGrader(world, "grader", () => async (input, deps) => {
        await world.clock.sleep(20_000, deps.signal);
        graded.push(Number(input.item["index"]));
        return DONE_GRADER.grade(input, deps);
      });
      await world.worker("worker");
      for (let item = 4; item < 60; item += 1) {
        await world.dispatch(item);
        await world.clock.sleep(5000);
      }
      await world.until(() => world.inWork("grade").length + world.inWork("rollout").length === 0);
    };
    await world.clock.run(play(), HOUR_MS);
    expect(graded).toHaveLength(60);
    expect(graded.indexOf(0)).toBeLessThan(10);
  });

  it("does not wait for those that only wait themselves", async () => {
    const { world } = worldWithCallsOf(1000);
    const play = async (): Promise<void> => {
      await suspectAmong(world, 4);
      startWorldGrader(world, "grader", () => async (input, deps) => {
        // Their endpoint is away; the suspect's is not.
        for (;;) {
          if (input.item["index"] === 0) return DONE_GRADER.grade(input, deps);
          await deps.waitOut(DOWN, deps.signal);
        }
      });
      await world.until(() => !world.inWork("grade").includes(0));
      expect(world.inWork("grade")).toHaveLength(3);
    };
    await world.clock.run(play(), MINUTE_MS);
  });
});
