import { describe, expect, it } from "vitest";
import { decodeStored } from "../../src/bus/envelope.ts";
import { workSubject } from "../../src/bus/subjects.ts";
import { SettleRequestSchema } from "../../src/gen/rollyard/v1/work_pb.ts";
import { GraderService } from "../../src/grader/grader-service.ts";
import { GraderWaits } from "../../src/grader/grader-waits.ts";
import { noGraderMetrics } from "../../src/grader/metrics.ts";
import type { Grader } from "../../src/grader/port.ts";
import { compileGrader } from "../../src/grader/compile-grader.ts";
import { silentLogger } from "../../src/lib/logger.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import { WorkerWorld } from "../support/rollout/worker-world.ts";

const DAY_MS = 86_400_000;
const POISON = 0;

const SCORE = compileGrader(
  {
    type: "string_check",
    name: "any",
    operation: "eq",
    input: "{{ sample.output_text }}",
    reference: "done",
  },
  { passThreshold: 1 },
);

/** Starts a grader process of which `kill` leaves nothing. */
function startGrader(world: WorkerWorld, name: string, grade: (kill: () => void) => Grader["grade"]) {
  const client = world.bus.connect(name);
  let isDead = false;
  const kill = (): void => {
    isDead = true;
    client.kill();
    service.drain();
  };
  const service: GraderService = new GraderService({
    source: client,
    store: client,
    concurrency: 32,
    clock: world.clock,
    logger: silentLogger,
    metrics: noGraderMetrics,
    endpointCaller: { post: () => Promise.reject(new Error("no endpoint")) },
    cleanSandboxFor: () => ({
      open: () => Promise.reject(new Error("no sandbox")),
      discard: () => undefined,
      close: () => Promise.resolve(),
    }),
    waits: new GraderWaits(silentLogger),
    nonce: () => randomIds.nonce(),
    loadSetup: async () => ({
      environment: "env",
      graderType: "string_check",
      grader: { grade: grade(kill) },
      hasResponseFormat: false,
      timeLimitMs: 60_000,
    }),
  });
  void service.run();
  return { isDead: () => isDead };
}

describe("a rollout that ends its grader each time", () => {
  it.each([2, 12])(
    "is set aside alone among %i, however slow the grading of the others is",
    async (items) => {
      const world = new WorkerWorld();
      let deaths = 0;
      const play = async (): Promise<void> => {
        for (let item = 0; item < items; item += 1) await world.dispatch(item);
        const { worker } = await world.worker("worker");
        await world.until(() => world.inWork("grade").length === items);
        await worker.stop();
        const isOver = (): boolean => world.inWork("grade").length === 0;
        for (;;) {
          const grader = startGrader(world, `grader-${deaths}`, (kill) => async (input, deps) => {
            if (Number(input.item["index"]) === POISON) kill();
            await world.clock.sleep(20_000, deps.signal);
            return SCORE.grade(input, deps);
          });
          await world.until(() => isOver() || grader.isDead(), 1000);
          if (isOver()) break;
          deaths += 1;
        }
      };
      await world.clock.run(play(), DAY_MS);
      expect(deaths).toBe(20);
      expect(world.inWork("settle")).toEqual([POISON]);
      expect([...world.bus.stream("outcomes").subjects(">").keys()]).toHaveLength(items - 1);
      const [message] = world.bus.stream("work").log(workSubject("settle", world.ref(POISON), 0));
      expect(decodeStored(SettleRequestSchema, message?.payload ?? new Uint8Array())).toMatchObject({
        failureClass: "grader",
        evidence: { deliveries: "21" },
      });
    },
  );
});
