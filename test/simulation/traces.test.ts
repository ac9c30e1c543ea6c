import { describe, expect, it } from "vitest";
import type { Part } from "../support/simulation/schedule.ts";
import { traceSchedule } from "../support/simulation/trace.ts";
import type { NewWorld } from "../support/simulation/trace.ts";
import { makeTraceSchedule } from "../support/simulation/traces/make-trace-schedule.ts";
import { PLANTED_IN_TRACES } from "../support/simulation/traces/planted-traces.ts";
import { DAILY_TRACE_SEEDS, runTraceSeeds } from "../support/simulation/traces/run-trace-seeds.ts";
import type { TracePlant } from "../support/simulation/traces/trace-plant.ts";
import { TraceWorld } from "../support/simulation/traces/trace-world.ts";

it(
  "keeps every promise to a hosted trainer over two gateways, whatever the schedule",
  { timeout: 600_000 },
  async () => {
    expect(await runTraceSeeds(1, DAILY_TRACE_SEEDS)).toEqual([]);
  },
);

it("is the same run each time", { timeout: 600_000 }, async () => {
  const newWorld: NewWorld = (schedule, watcher = {}) => new TraceWorld(schedule, { watcher });
  for (let seed = 1; seed <= 10; seed += 1) {
    const [first, again] = [
      await traceSchedule(makeTraceSchedule(seed), newWorld),
      await traceSchedule(makeTraceSchedule(seed), newWorld),
    ];
    expect(first.hash, `seed ${seed}`).toBe(again.hash);
  }
});

function crashing(part: Part, side: "before" | "after", call: number | null): TraceWorld {
  const { seed, shape } = makeTraceSchedule(3);
  const small = { items: 2, toolTurns: 2, graders: 1, replicas: side === "before" ? 1 : 3 } as const;
  const crash = { kind: "crash", part, number: 1, side, downMs: 200 } as const;
  return new TraceWorld({
    seed,
    shape: { ...shape, ...small, gradingNeedsSandbox: side === "before" },
    faults: call === null ? [] : [{ ...crash, call }],
  });
}

describe.each(["gateway", "grader", "controller"] as const)("a %s that dies at any of its calls", (part) => {
  it.each(["before", "after"] as const)(
    "breaks no promise to a trainer, %s the call's effect",
    async (side) => {
      const undisturbed = crashing(part, side, null);
      await undisturbed.run();
      const calls = undisturbed.callsOf(part);
      expect(calls).toBeGreaterThan(8);
      for (let call = 1; call <= calls; call += 1) {
        const { problems } = await crashing(part, side, call).run();
        expect(problems, `call ${call} of ${calls}`).toEqual([]);
      }
    },
  );
});

/** One of the daily seeds on which a planted bug shows, and how. */
async function findingOf(
  plant: TracePlant,
): Promise<{ readonly seed: number; readonly problem: string } | null> {
  for (let seed = 1; seed <= DAILY_TRACE_SEEDS; seed += 1) {
    const { problems } = await new TraceWorld(makeTraceSchedule(seed), { plant }).run();
    const [problem] = problems;
    if (problem !== undefined) return { seed, problem };
  }
  return null;
}

it.for(Object.entries(PLANTED_IN_TRACES))("finds %s", { timeout: 600_000 }, async ([name, plant]) => {
  const finding = await findingOf(plant);
  process.stdout.write(
    `${name}: ${finding === null ? "not found" : `schedule ${finding.seed}, ${finding.problem}`}\n`,
  );
  // It is the bug that shows, nothing else on that schedule.
  const { problems } = await new TraceWorld(makeTraceSchedule(finding?.seed ?? 1)).run();
  expect({ isFound: finding !== null, problems }).toEqual({ isFound: true, problems: [] });
});
