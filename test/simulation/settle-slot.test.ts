import { describe, expect, it } from "vitest";
import { RollyardError } from "../../src/errors/rollyard-error.ts";
import { outcomeSummary } from "../../src/job/outcome-summary.ts";
import { settle } from "../../src/job/settle-flow.ts";
import { silentLogger } from "../../src/lib/logger.ts";
import { giveUp } from "../../src/rollout/broken-work.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import { outcomesSubject } from "../../src/bus/subjects.ts";
import { startWorldGrader } from "../support/grader/world-grader.ts";
import { WorkerWorld } from "../support/rollout/worker-world.ts";

const HOUR_MS = 3_600_000;

/** Settles what is asked for until the signal aborts. */
async function runController(world: WorkerWorld, signal: AbortSignal): Promise<void> {
  const bus = world.bus.connect("controller");
  const contentOf = () => ({ item: {}, policyVersion: "" });
  const deps = { bus, clock: world.clock, ids: randomIds, logger: silentLogger, signal, contentOf };
  while (!signal.aborted) {
    await bus.pull({
      kind: "settle",
      max: 4,
      expiresMs: 5000,
      signal,
      onDelivery: (delivery) => void settle(deps, delivery),
    });
  }
}

/** A worker gives up an attempt that another has stopped and closed meanwhile: its request has the slot first. */
async function stoppedAndGivenUp(world: WorkerWorld): Promise<void> {
  await world.dispatch(0);
  const { worker } = await world.worker("worker");
  await world.until(() => world.inWork("grade").length === 1);
  await worker.stop();
  const delivery = {
    subject: "",
    payload: new Uint8Array(),
    headers: {},
    deliveries: 21,
    working: () => undefined,
    ack: async () => undefined,
    nak: async () => undefined,
  };
  await giveUp(
    { store: world.bus.connect("other"), clock: world.clock, signal: new AbortController().signal },
    {
      rollout: { ref: world.ref(0), delivery },
      outcomeAfter: 0n,
      error: new RollyardError("worker_poison"),
    },
  );
}

describe("an attempt that a worker gave up and a grader can't grade", () => {
  it.each([
    ["after the grader asked", 60_000, 0],
    ["before the grader asks", 0, 60_000],
    ["while the grader asks", 0, 0],
  ])("ends with what its grader says when the controller looks %s", async (_when, controllerMs, graderMs) => {
    const world = new WorkerWorld();
    const over = new AbortController();
    const play = async (): Promise<void> => {
      await stoppedAndGivenUp(world);
      void world.clock.sleep(controllerMs).then(() => runController(world, over.signal));
      await world.clock.sleep(graderMs);
      const unusable = new RollyardError("grader_config_error");
      const { service } = startWorldGrader(world, "grader", () => () => Promise.reject(unusable));
      await world.until(() => world.inWork("grade").length + world.inWork("settle").length === 0);
      service.drain();
      over.abort();
    };
    await world.clock.run(play(), HOUR_MS);
    const stored = world.bus.stream("outcomes").log(outcomesSubject(world.ref(0)));
    expect(stored.map(outcomeSummary)).toMatchObject([
      { attempt: 0, end: { kind: "failed", failureClass: "config", code: "grader_config_error" } },
    ]);
  });
});
