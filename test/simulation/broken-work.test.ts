import { describe, expect, it } from "vitest";
import type { Bus, WorkDelivery } from "../../src/bus/port.ts";
import { RollyardError } from "../../src/errors/rollyard-error.ts";
import { busWith } from "../support/simulation/planted/bus-wrapper.ts";
import { modelAnswer, WorkerWorld } from "../support/rollout/worker-world.ts";

const HOUR_MS = 3_600_000;

/** A bus of a worker on which reads of logs fail for a reason of ours as long as `isBroken` says so. */
function brokenReads(bus: Bus, isBroken: () => boolean): Bus {
  const fail = (): Promise<never> => Promise.reject(new RollyardError("internal"));
  return busWith(bus, {
    read: (...place) => (isBroken() ? fail() : bus.read(...place)),
    readLast: (...place) => (isBroken() ? fail() : bus.readLast(...place)),
  });
}

/** Has the work delivered again and again, as outages do. */
async function deliverOften(world: WorkerWorld, times: number): Promise<void> {
  const client = world.bus.connect("outages");
  const onDelivery = (delivery: WorkDelivery): void => void delivery.nak();
  for (let time = 0; time < times; time += 1)
    await client.pull({ kind: "rollout", max: 1, expiresMs: 1000, onDelivery });
}

describe("work that can't be driven", () => {
  it("is not given up for one fault because outages had delivered it often", async () => {
    const world = new WorkerWorld({ sample: async () => modelAnswer() });
    let faults = 0;
    const bus = brokenReads(world.bus.connect("worker-bus"), () => (faults += 1) <= 2);
    const play = async (): Promise<void> => {
      await world.dispatch(0);
      await deliverOften(world, 12);
      await world.worker("worker", { bus });
      await world.until(() => world.inWork("rollout").length === 0);
      expect(faults).toBeGreaterThan(2);
      expect(world.inWork("settle")).toEqual([]);
      expect(world.inWork("grade")).toEqual([0]);
    };
    await world.clock.run(play(), HOUR_MS);
  });

  it("is settled once its worker has given it back five times", async () => {
    const world = new WorkerWorld();
    let given = 0;
    const bus = brokenReads(world.bus.connect("worker-bus"), () => true);
    const pull: Bus["pull"] = (options) =>
      bus.pull({ ...options, onDelivery: (delivery) => options.onDelivery(((given += 1), delivery)) });
    const play = async (): Promise<void> => {
      await world.dispatch(0);
      await world.worker("worker", { bus: { ...bus, pull } });
      await world.until(() => world.inWork("settle").length === 1);
      expect(given).toBe(6);
      await world.until(() => world.inWork("rollout").length === 0);
    };
    await world.clock.run(play(), HOUR_MS);
  });
});
