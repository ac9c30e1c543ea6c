import { describe, expect, it } from "vitest";
import { makeSchedule } from "../support/simulation/make-schedule.ts";
import { PLANTED_BUGS } from "../support/simulation/planted/planted-bugs.ts";
import { shrink } from "../support/simulation/shrink.ts";
import { traceSchedule } from "../support/simulation/trace.ts";
import { World } from "../support/simulation/world.ts";

describe("a schedule", () => {
  it("is the same run each time, and another seed's is another", async () => {
    const hashes = new Set<string>();
    for (let seed = 1; seed <= 40; seed += 1) {
      const [first, again] = [
        await traceSchedule(makeSchedule(seed)),
        await traceSchedule(makeSchedule(seed)),
      ];
      expect(first.hash, `seed ${seed}`).toBe(again.hash);
      hashes.add(first.hash);
    }
    expect(hashes.size).toBe(40);
  });

  it("is shrunk to the faults that break the promise", async () => {
    const plant = PLANTED_BUGS["an orphan deleted without retired"] ?? {};
    const fails = async (schedule: ReturnType<typeof makeSchedule>): Promise<boolean> =>
      (await new World(schedule, { plant }).run()).problems.some((problem) =>
        problem.includes("ended sandbox"),
      );
    const found = [];
    for (let seed = 1; found.length === 0; seed += 1) {
      const schedule = makeSchedule(seed);
      if (schedule.faults.length > 2 && (await fails(schedule))) found.push(schedule);
    }
    const [schedule = makeSchedule(1)] = found;
    const small = await shrink(schedule, fails);
    expect(small.faults.map(({ kind }) => kind)).toEqual(["stale_sweep"]);
    expect(await fails(small)).toBe(true);
  });
});
