import { describe, expect, it } from "vitest";
import type { FakeBusFaults } from "../support/bus/fake-faults.ts";
import { brokenPromises } from "../support/simulation/invariants.ts";
import { JobWorld } from "../support/simulation/job-world.ts";
import type { SeededRandom } from "../support/simulation/random.ts";

const HOUR_MS = 3_600_000;
const SEEDS = Array.from({ length: 30 }, (_, index) => index + 1);

/** Publishes that get lost on the way or on the way back, and acknowledgements that get lost. */
function lossyBus(random: SeededRandom): FakeBusFaults {
  return {
    onPublish: () => {
      const dice = random.next();
      if (dice < 0.02) return "lost_before";
      if (dice < 0.05) return "lost_after";
      return dice < 0.06 ? { delayMs: random.between(1, 3000) } : undefined;
    },
    onAck: () => (random.chance(0.03) ? "lost" : undefined),
    onRead: () => (random.chance(0.1) ? { lagMs: random.between(1, 500) } : undefined),
  };
}

describe("a job on the simulated cluster", () => {
  it.each([1, 3] as const)("grades every rollout when nothing fails, with %i servers", async (replicas) => {
    const world = new JobWorld({ seed: 1, replicas, items: 6, samplesPerItem: 4, workers: 2 });
    const end = await world.run(HOUR_MS);
    expect(end).toMatchObject({ condition: "Complete", reason: "AllGraded" });
    expect(brokenPromises(world, 24)).toEqual([]);
  });

  it.each([1, 3] as const)("loses and doubles nothing on a lossy bus, with %i servers", async (replicas) => {
    for (const seed of SEEDS) {
      const world = new JobWorld({
        seed,
        replicas,
        items: 3,
        samplesPerItem: 4,
        workers: 2,
        faults: lossyBus,
        sandboxLossChance: 0.01,
        modelFailureChance: 0.02,
      });
      await world.run(HOUR_MS);
      expect(brokenPromises(world, 12), `seed ${seed}`).toEqual([]);
    }
  });

  it.each([1, 3] as const)("goes on where killed workers left off, with %i servers", async (replicas) => {
    let killed = 0;
    for (const seed of SEEDS) {
      const options = { items: 3, samplesPerItem: 4, workers: 3, faults: lossyBus, kills: 5 };
      const world = new JobWorld({ seed, replicas, ...options });
      await world.run(24 * HOUR_MS);
      expect(brokenPromises(world, 12), `seed ${seed}`).toEqual([]);
      killed += world.killed;
    }
    expect(killed).toBeGreaterThan(SEEDS.length);
  });

  it.each([1, 3] as const)(
    "resumes an interrupted job without losing or doubling, with %i servers",
    async (replicas) => {
      let interrupted = 0;
      for (const seed of SEEDS) {
        const options = {
          items: 4,
          samplesPerItem: 4,
          workers: 2,
          faults: lossyBus,
          sandboxLossChance: 0.01,
        };
        const world = new JobWorld({ seed, replicas, ...options });
        const [first] = await world.runInterrupted(seed * 70, 24 * HOUR_MS);
        expect(brokenPromises(world, 16), `seed ${seed}`).toEqual([]);
        if (first.condition === "Suspended") interrupted += 1;
      }
      expect(interrupted).toBeGreaterThan(SEEDS.length / 2);
    },
  );

  it.each([1, 3] as const)(
    "ends a job early when every model call fails, with %i servers",
    async (replicas) => {
      for (const seed of SEEDS) {
        const options = { items: 20, samplesPerItem: 2, workers: 2, faults: lossyBus, modelFailureChance: 1 };
        const world = new JobWorld({ seed, replicas, ...options });
        const end = await world.run(HOUR_MS);
        expect(end, `seed ${seed}`).toMatchObject({ condition: "Failed", reason: "AllFailing" });
        expect(brokenPromises(world, 40), `seed ${seed}`).toEqual([]);
      }
    },
  );
});
