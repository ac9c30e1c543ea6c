import { describe, expect, it } from "vitest";
import { decodeStored } from "../../src/bus/envelope.ts";
import { workSubject } from "../../src/bus/subjects.ts";
import { SettleRequestSchema } from "../../src/gen/rollyard/v1/work_pb.ts";
import { DONE_GRADER, startWorldGrader } from "../support/grader/world-grader.ts";
import { WorkerWorld } from "../support/rollout/worker-world.ts";

const DAY_MS = 86_400_000;
const POISON = 0;

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
          const grader = startWorldGrader(world, `grader-${deaths}`, (kill) => async (input, deps) => {
            if (Number(input.item["index"]) === POISON) kill();
            await world.clock.sleep(20_000, deps.signal);
            return DONE_GRADER.grade(input, deps);
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
