import type { World } from "./world.ts";
import { eventsSubject, outcomesSubject } from "../../../src/bus/subjects.ts";
import { IDENTITY } from "./world-specs.ts";

/** What of a world meets with faults at a time. */
type FaultyWorld = Pick<
  World,
  "schedule" | "faults" | "clock" | "bus" | "shiftClocks" | "interrupt" | "living" | "crash"
>;

/** Sets off what a schedule says happens at a time. */
export function startTimedFaults(world: FaultyWorld): void {
  const { faults, clock, bus } = world;
  for (const { atMs, forMs } of faults.of("outage")) {
    clock.after(atMs, () => bus.down());
    clock.after(atMs + forMs, () => bus.up());
  }
  for (const { atMs } of faults.of("redelivery")) clock.after(atMs, () => bus.redeliver());
  for (const { atMs } of faults.of("leader")) clock.after(atMs, () => bus.changeLeader());
  for (const { atMs, stream } of faults.of("void")) clock.after(atMs, () => injectVoid(world, stream));
  for (const { atMs, part, byMs } of faults.of("clock"))
    clock.after(atMs, () => world.shiftClocks(part, byMs));
  for (const { atMs } of faults.of("interrupt")) clock.after(atMs, () => world.interrupt());
  for (const { atMs, downMs } of faults.of("blackout"))
    clock.after(atMs, () => {
      for (const { process } of world.living()) world.crash(process, downMs);
    });
}

/** Into the first log or chain that there is. */
function injectVoid({ bus, schedule }: FaultyWorld, stream: "events" | "outcomes"): void {
  const { samplesPerItem } = schedule.shape;
  const subjectOf = stream === "events" ? eventsSubject : outcomesSubject;
  const places = Array.from({ length: schedule.shape.items * samplesPerItem }, (_, index) => ({
    ...IDENTITY,
    itemIndex: Math.floor(index / samplesPerItem),
    sampleIndex: index % samplesPerItem,
  }));
  const subject = places.map(subjectOf).find((name) => bus.stream(stream).log(name).length > 0);
  if (subject !== undefined) bus.inject(subject, new TextEncoder().encode("{}"));
}
