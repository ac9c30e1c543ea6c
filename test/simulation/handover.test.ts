import { describe, expect, it } from "vitest";
import { RollyardError } from "../../src/errors/rollyard-error.ts";
import { endAttempt } from "../../src/job/end-attempt.ts";
import { failureRecord } from "../../src/rollout/failure-record.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import { noObserver } from "../../src/rollout/observer.ts";
import { modelAnswer, WorkerWorld } from "../support/rollout/worker-world.ts";
import type { WorldWorker } from "../support/rollout/worker-world.ts";

const HOUR_MS = 3_600_000;

describe("a worker that drains", () => {
  it("hands a rollout that waits for its sandbox over at once, and another drives it without asking", async () => {
    const world = new WorkerWorld({ needsSandbox: true, sample: async () => modelAnswer(true) });
    await world.clock.run(
      (async () => {
        const first = await world.worker("first");
        await world.dispatch(0);
        await world.until(async () => (await world.attempt(0))?.turns.length === 1);
        const beganMs = world.clock.monotonicMs();
        await first.worker.drain();
        expect(world.clock.monotonicMs() - beganMs).toBeLessThan(1000);
        expect(await world.attempt(0)).toMatchObject({ driver: null, seal: null });
        await world.worker("second");
        await world.until(async () => (await world.attempt(0))?.driver?.id === "second");
        expect(world.clock.monotonicMs() - beganMs).toBeLessThan(2000);
      })(),
      HOUR_MS,
    );
  });

  it("gives back what it has not begun, although nobody tells it how to", async () => {
    const world = new WorkerWorld();
    await world.clock.run(
      (async () => {
        const first = await world.worker("first", { setupFor: () => new Promise(() => undefined) });
        await world.dispatch(0);
        await world.until(() => first.worker.activeCount === 1);
        const beganMs = world.clock.monotonicMs();
        await first.worker.drain();
        expect(await world.attempt(0)).toBeUndefined();
        await world.worker("second");
        await world.until(() => world.inWork("grade").length === 1);
        expect(world.clock.monotonicMs() - beganMs).toBeLessThan(2000);
      })(),
      HOUR_MS,
    );
  });

  it("costs the rollout nothing, however often it is handed over within one turn", async () => {
    let isSlow = true;
    const world = new WorkerWorld({
      sample: async (request) => {
        if (isSlow) await world.clock.sleep(HOUR_MS, request.signal);
        request.signal?.throwIfAborted();
        return modelAnswer();
      },
    });
    await world.clock.run(
      (async () => {
        await world.dispatch(0);
        for (let round = 0; round < 8; round += 1) {
          const { worker } = await world.worker(`worker-${round}`);
          await world.until(async () => (await world.attempt(0))?.driver?.id === `worker-${round}`);
          await worker.drain();
        }
        isSlow = false;
        await world.worker("last");
        await world.until(() => world.inWork("grade").length === 1);
        expect((await world.attempt(0))?.seal).toMatchObject({ kind: "stopped", reason: "answered" });
      })(),
      HOUR_MS,
    );
  });
});

describe("a worker that is fenced", () => {
  it("tells its observer that the rollout which it attached is not with it any more", async () => {
    const seen: string[] = [];
    const world: WorkerWorld = new WorkerWorld({
      sample: async () => {
        const failure = failureRecord(new RollyardError("job_suspended"));
        const controller = {
          bus: world.bus.connect("controller"),
          clock: world.clock,
          ids: randomIds,
          signal: new AbortController().signal,
          contentOf: () => ({ item: {}, policyVersion: "" }),
        };
        const options = { unlessStopped: false, sealsEmpty: true };
        await endAttempt(controller, { ref: world.ref(0), outcomeAfter: 0, failure }, options);
        return modelAnswer(true);
      },
    });
    await world.clock.run(
      (async () => {
        const { worker } = await world.worker("first", {
          observer: {
            ...noObserver,
            rolloutAttached: () => seen.push("attached"),
            rolloutEnded: (_ref, end) => seen.push(end.kind),
          },
        });
        await world.dispatch(0);
        await world.until(() => seen.length > 0 && worker.activeCount === 0);
        expect(seen).toEqual(["attached", "dropped"]);
        await worker.stop();
      })(),
      HOUR_MS,
    );
  });
});

describe("a worker after an outage", () => {
  it("waits for the driver of before, which comes back later, and leaves the rollout to it", async () => {
    const world = new WorkerWorld({
      sample: async (request) => {
        await world.clock.sleep(120_000, request.signal);
        return modelAnswer();
      },
    });
    await world.clock.run(
      (async () => {
        const first = await world.worker("first", {}, 1);
        await world.dispatch(0);
        await world.until(async () => (await world.attempt(0))?.driver?.id === "first");
        await world.worker("second", {}, 1);
        first.client.disconnect();
        world.bus.down();
        await world.clock.sleep(7000);
        world.bus.up();
        world.bus.restartQueues();
        await world.clock.sleep(10_000);
        first.client.reconnect();
        await world.until(() => world.inWork("grade").length === 1);
        expect(await world.attempt(0)).toMatchObject({ driver: { id: "first" }, attachesSinceTurn: 0 });
      })(),
      HOUR_MS,
    );
  });

  it("waits for a bus that does not answer, and fails nothing", async () => {
    const world = new WorkerWorld();
    await world.clock.run(
      (async () => {
        let isThere = false;
        const setupFor = async () => {
          if (!isThere) throw new RollyardError("bus_unavailable");
          return world.setup(first);
        };
        const first: WorldWorker = await world.worker("first", { setupFor });
        await world.dispatch(0);
        await world.clock.sleep(600_000);
        expect(world.inWork("settle")).toEqual([]);
        isThere = true;
        await world.until(() => world.inWork("grade").length === 1);
      })(),
      HOUR_MS,
    );
  });
});
