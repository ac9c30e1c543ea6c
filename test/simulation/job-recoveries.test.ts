import { describe, expect, it } from "vitest";
import { makeSchedule } from "../support/simulation/make-schedule.ts";
import { PLAIN_SHAPE } from "../support/simulation/plain-shape.ts";
import type { Schedule } from "../support/simulation/schedule.ts";
import { World } from "../support/simulation/world.ts";

/** How often attempts failed, by code, on schedules on which the promise must hold. */
async function failuresOf(schedules: readonly Schedule[]): Promise<readonly string[]> {
  const codes: string[] = [];
  for (const schedule of schedules) {
    const world = new World(schedule);
    const { problems } = await world.run();
    expect(problems, `seed ${schedule.seed}`).toEqual([]);
    const outcomes = [...world.referee.record.outcomes.values()].flat();
    for (const { end } of outcomes) if (end.kind === "failed") codes.push(end.code);
  }
  return codes;
}

const SEEDS = Array.from({ length: 50 }, (_, index) => index + 1);

describe("no attempt of a job fails", () => {
  it.each([-3_600_000, 3_600_000])("when the machine's wall clock jumps by %i ms", async (byMs) => {
    const jumps = [100, 400, 700, 1000, 1300].map((atMs): Schedule => {
      return { seed: atMs, shape: PLAIN_SHAPE, faults: [{ kind: "clock", atMs, part: "machine", byMs }] };
    });
    expect(await failuresOf(jumps)).toEqual([]);
  });

  it("when workers and graders are drained", async () => {
    expect(await failuresOf(SEEDS.map((seed) => makeSchedule(seed, ["drain"])))).toEqual([]);
  });

  it("when a driver is cut off as it stops, and another goes on in its sandbox", async () => {
    const shape = { ...PLAIN_SHAPE, items: 2, gradingNeedsSandbox: true } as const;
    const cuts = SEEDS.map((seed): Schedule => {
      const call = 10 + (seed % 80);
      return { seed, shape, faults: [{ kind: "cut", part: "worker", number: 1, call, forMs: 80_000 }] };
    });
    expect(await failuresOf(cuts)).toEqual([]);
  });

  it("when deliveries come again while their owners live", async () => {
    expect(await failuresOf(SEEDS.map((seed) => makeSchedule(seed, ["redelivery", "in_flight"])))).toEqual(
      [],
    );
  });
});
