import { describe, expect, it } from "vitest";
import { makeSchedule } from "../support/simulation/make-schedule.ts";
import type { ThemeName } from "../support/simulation/make-schedule.ts";
import { PLAIN_SHAPE } from "../support/simulation/plain-shape.ts";
import type { Fault, Schedule } from "../support/simulation/schedule.ts";
import { World } from "../support/simulation/world.ts";

const SEEDS = Array.from({ length: 150 }, (_, index) => index + 1);

/** Schedules of only these kinds of trouble, for a cluster of this size. */
function schedules(replicas: 1 | 3, themes: readonly ThemeName[]): readonly Schedule[] {
  return SEEDS.map((seed) => {
    const schedule = makeSchedule(seed, themes);
    return { ...schedule, shape: { ...schedule.shape, replicas } };
  });
}

async function expectPromiseKept(schedule: Schedule): Promise<World> {
  const world = new World(schedule);
  const { problems } = await world.run();
  expect(problems, `seed ${schedule.seed}`).toEqual([]);
  return world;
}

describe.each([1, 3] as const)("a job on the simulated cluster, with %i servers", (replicas) => {
  it("grades every rollout when nothing fails", async () => {
    const { problems, end } = await new World({
      seed: 1,
      shape: { ...PLAIN_SHAPE, replicas },
      faults: [],
    }).run();
    expect(problems).toEqual([]);
    expect(end).toMatchObject({ condition: "Complete", reason: "AllGraded" });
  });

  it("loses and doubles nothing on a lossy bus", async () => {
    for (const schedule of schedules(replicas, ["publish", "read", "ack", "request"]))
      await expectPromiseKept(schedule);
  });

  it("goes on where killed workers left off", async () => {
    for (const schedule of schedules(replicas, ["crash", "pause", "blackout"]))
      await expectPromiseKept(schedule);
  });

  it("resumes an interrupted job without losing or doubling", async () => {
    for (const schedule of schedules(replicas, ["interrupt", "publish", "crash"]))
      await expectPromiseKept(schedule);
  });

  it("leaves no work behind whose acknowledgement was lost", async () => {
    const shape = { ...PLAIN_SHAPE, replicas, items: 1, samplesPerItem: 1, maxAttempts: 1 };
    const faults: readonly Fault[] = [
      { kind: "model", nth: 1, trouble: "model_server_error" },
      { kind: "ack", nth: 1, delayMs: "lost" },
      { kind: "ack", nth: 2, delayMs: "lost" },
    ];
    const { problems, end } = await new World({ seed: 1, shape, faults }).run();
    expect(problems).toEqual([]);
    expect(end).toMatchObject({ condition: "Failed" });
  });

  it("ends a job early when every model call fails", async () => {
    const faults = Array.from({ length: 300 }, (_, index): Fault => {
      return { kind: "model", nth: index + 1, trouble: "model_server_error" };
    });
    const shape = { ...PLAIN_SHAPE, replicas, items: 10, maxAttempts: 1 };
    const { problems, end } = await new World({ seed: 1, shape, faults }).run();
    expect(problems).toEqual([]);
    expect(end).toMatchObject({ condition: "Failed", reason: "AllFailing" });
  });
});
