import { expect, it } from "vitest";
import { VirtualClock } from "../../test/support/simulation/virtual-clock.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { WorkState } from "./inspection.ts";
import { WorkAges } from "./work-ages.ts";

const grade = (oldestUntakenAtMs: number | null): WorkState => ({
  kind: "grade",
  waiting: oldestUntakenAtMs === null ? 0 : 1,
  unacked: 0,
  redelivered: 0,
  pulls: 0,
  lastAckAtMs: null,
  oldest: null,
  oldestUntakenAtMs,
});

it("ages what nobody takes, also while the bus is away, until it was taken", async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const beganMs = clock.nowMs();
  let answer: () => Promise<readonly WorkState[]> = async () => [grade(beganMs - 5000)];
  const ages = new WorkAges();
  const seen: (readonly { readonly seconds: number }[])[] = [ages.seconds(clock.nowMs())];
  const look = async (): Promise<void> => {
    const watching = ages.watch({ workStates: () => answer() }, clock, stop.signal);
    await clock.sleep(1000);
    seen.push(ages.seconds(clock.nowMs()));
    answer = () => Promise.reject(new RollyardError("bus_unavailable"));
    await clock.sleep(60_000);
    seen.push(ages.seconds(clock.nowMs()));
    answer = async () => [grade(null)];
    await clock.sleep(10_000);
    seen.push(ages.seconds(clock.nowMs()));
    stop.abort();
    await watching;
  };
  await clock.run(look(), 600_000);
  expect(seen).toEqual([
    [],
    [{ kind: "grade", seconds: 6 }],
    [{ kind: "grade", seconds: 66 }],
    [{ kind: "grade", seconds: 0 }],
  ]);
});

it("says 0 of work that a faster clock has stored", async () => {
  const ages = new WorkAges();
  const stop = new AbortController();
  const clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: async () => stop.abort() };
  await ages.watch({ workStates: async () => [grade(50)] }, clock, stop.signal);
  expect(ages.seconds(0)).toEqual([{ kind: "grade", seconds: 0 }]);
});
