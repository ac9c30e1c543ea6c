import { describe, expect, it } from "vitest";
import { decodeStored } from "../../src/bus/envelope.ts";
import { HEADERS } from "../../src/bus/port.ts";
import { eventsSubject, workSubject } from "../../src/bus/subjects.ts";
import { SettleRequestSchema } from "../../src/gen/rollyard/v1/work_pb.ts";
import type { SettleRequest } from "../../src/gen/rollyard/v1/work_pb.ts";
import { modelAnswer, WorkerWorld } from "../support/rollout/worker-world.ts";
import type { AgentScript } from "../support/rollout/worker-world.ts";

const DAY_MS = 86_400_000;
const POISON = 0;

interface Ending {
  readonly deaths: number;
  /** Most drivers without a turn that any other item had at a death. */
  readonly mostBlamed: number;
  /** Items whose attempt stopped by itself. */
  readonly stopped: readonly number[];
  readonly settled: readonly number[];
  readonly world: WorkerWorld;
}

/** One worker at a time drives the items; when it dies the next one takes over, until every item is closed. */
async function driveAll(items: number, scriptOf: (world: () => WorkerWorld) => AgentScript): Promise<Ending> {
  const world: WorkerWorld = new WorkerWorld(scriptOf(() => world));
  let deaths = 0;
  let mostBlamed = 0;
  const play = async (): Promise<void> => {
    for (let item = 0; item < items; item += 1) await world.dispatch(item);
    const isClosed = (): boolean => world.inWork("grade").length + world.inWork("settle").length === items;
    for (;;) {
      const current = await world.worker(`worker-${deaths}`);
      await world.until(() => isClosed() || current.isDead(), 1000);
      if (isClosed()) break;
      deaths += 1;
      const attempts = await Promise.all(others(items).map((item) => world.attempt(item)));
      mostBlamed = Math.max(mostBlamed, ...attempts.map((attempt) => attempt?.attachesSinceTurn ?? 0));
    }
  };
  await world.clock.run(play(), DAY_MS);
  const ends = { stopped: world.inWork("grade"), settled: world.inWork("settle") };
  return { deaths, mostBlamed, ...ends, world };
}

function settleRequest(world: WorkerWorld): SettleRequest {
  const [message] = world.bus.stream("work").log(workSubject("settle", world.ref(POISON), 0));
  return decodeStored(SettleRequestSchema, message?.payload ?? new Uint8Array());
}

const others = (items: number) => Array.from({ length: items - 1 }, (_, index) => index + 1);

describe("a rollout that ends its worker each time", () => {
  it.each([2, 4, 30])(
    "in its model call ends alone among %i, however slow the calls of the others are",
    async (items) => {
      const { deaths, mostBlamed, stopped, settled, world } = await driveAll(items, (world) => ({
        sample: async (request, worker) => {
          if (request.rolloutIndex === POISON) {
            await world().clock.sleep(1000);
            worker.kill();
          }
          await world().clock.sleep(200_000, request.signal);
          return modelAnswer();
        },
      }));
      expect(settled).toEqual([POISON]);
      expect(stopped.toSorted((a, b) => a - b)).toEqual(others(items));
      expect(deaths).toBe(6);
      expect(mostBlamed).toBeLessThan(5);
      const poison = await world.clock.run(world.attempt(POISON), 1000);
      expect(poison?.seal).toMatchObject({
        kind: "failed",
        failure: { failureClass: "internal", code: "worker_poison", evidence: { attaches: "6" } },
      });
    },
  );

  it.each([2, 4, 12])("before its worker could record anything is set aside among %i", async (items) => {
    const { deaths, stopped, settled, world } = await driveAll(items, (world) => ({
      onPrompt: (item, worker) => {
        if (item === POISON) worker.kill();
      },
      sample: async (request) => {
        await world().clock.sleep(20_000, request.signal);
        return modelAnswer();
      },
    }));
    expect(settled).toEqual([POISON]);
    expect(stopped.toSorted((a, b) => a - b)).toEqual(others(items));
    expect(deaths).toBe(20);
    expect(settleRequest(world)).toMatchObject({
      failureClass: "internal",
      code: "worker_poison",
      evidence: { deliveries: "21" },
    });
  });
});

describe("work that can't be driven", () => {
  it("is given back a few times, then settled as what stands against it", async () => {
    const world = new WorkerWorld();
    const play = async (): Promise<void> => {
      const headers = { [HEADERS.append]: "x:9", [HEADERS.attempt]: "0", [HEADERS.number]: "9" };
      const subject = eventsSubject(world.ref(POISON));
      await world.bus.connect("broken").publish({ subject, payload: new Uint8Array([1, 2]), headers });
      await world.dispatch(POISON);
      await world.worker("worker");
      await world.until(() => world.inWork("settle").length === 1 && world.inWork("rollout").length === 0);
    };
    await world.clock.run(play(), DAY_MS);
    expect(settleRequest(world)).toMatchObject({
      failureClass: "internal",
      code: "log_corrupt",
      evidence: { sequence: "1", deliveries: "6" },
    });
  });

  it("is left to newer workers while it can't be read, then settled by its subject", async () => {
    const world = new WorkerWorld();
    const play = async (): Promise<void> => {
      await world.worker("worker");
      await world.dispatch(3, new Uint8Array([255, 1]));
      await world.clock.sleep(600_000);
      expect(world.inWork("settle")).toEqual([]);
      await world.until(() => world.inWork("settle").length === 1);
      expect(world.inWork("settle")).toEqual([3]);
      await world.until(() => world.inWork("rollout").length === 0);
    };
    await world.clock.run(play(), DAY_MS);
  });
});
