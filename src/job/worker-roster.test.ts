import { describe, expect, it } from "vitest";
import { WorkerRoster } from "./worker-roster.ts";

function roster() {
  const clock = { atMs: 0, monotonicMs: () => clock.atMs };
  const workers = new WorkerRoster(clock);
  const hear = (worker: string, slots: number): void =>
    workers.hear({ worker, slots, free: slots, throttledEndpoints: [], repeatedWork: [] });
  const names = (): readonly string[] => workers.all().map(({ worker }) => worker);
  return { clock, workers, hear, names };
}

describe("the workers that announce themselves", () => {
  it("count with what they said last", () => {
    const { workers, hear } = roster();
    expect(workers.slots()).toBeNull();
    hear("a", 4);
    hear("b", 2);
    hear("a", 8);
    expect(workers.slots()).toBe(10);
  });

  it("are forgotten once they are silent, whoever announces itself meanwhile", () => {
    const { clock, workers, hear, names } = roster();
    for (let second = 0; second < 1000; second += 1) {
      clock.atMs = second * 1000;
      hear(`worker-${second}`, 1);
      hear("steady", 1);
    }
    expect(names()).toHaveLength(32);
    expect(names()).toContain("steady");
    clock.atMs += 31_000;
    expect(workers.slots()).toBeNull();
  });
});
