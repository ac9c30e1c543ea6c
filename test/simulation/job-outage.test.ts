import { describe, expect, it } from "vitest";
import { brokenPromises } from "../support/simulation/invariants.ts";
import { JobWorld } from "../support/simulation/job-world.ts";

const HOUR_MS = 3_600_000;
const OPTIONS = { seed: 3, items: 6, samplesPerItem: 4, workers: 2 } as const;

/** Stops all servers for a while, after a while. */
async function outage(world: JobWorld, afterMs: number, forMs: number): Promise<void> {
  await world.clock.sleep(afterMs);
  world.bus.down();
  await world.clock.sleep(forMs);
  world.bus.up();
}

describe("a job whose bus is away for minutes", () => {
  it.each([1, 3] as const)("goes on when it is back, with %i servers", async (replicas) => {
    const world = new JobWorld({ ...OPTIONS, replicas });
    void outage(world, 500, 600_000);
    expect(await world.run(2 * HOUR_MS)).toMatchObject({ condition: "Complete", reason: "AllGraded" });
    expect(brokenPromises(world, 24)).toEqual([]);
  });

  it("begins when it is back", async () => {
    const world = new JobWorld({ ...OPTIONS, replicas: 1 });
    void outage(world, 0, 120_000);
    expect(await world.run(2 * HOUR_MS)).toMatchObject({ condition: "Complete", reason: "AllGraded" });
    expect(brokenPromises(world, 24)).toEqual([]);
  });

  it("is interrupted when it is back, and resumed without losing or doubling", async () => {
    const world = new JobWorld({ ...OPTIONS, replicas: 3 });
    void outage(world, 500, 120_000);
    const [first] = await world.runInterrupted(1000, 2 * HOUR_MS);
    expect(first).toMatchObject({ condition: "Suspended" });
    expect(brokenPromises(world, 24)).toEqual([]);
  });
});
