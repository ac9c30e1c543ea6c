import { createHash } from "node:crypto";
import type { FakeBusWatcher } from "../bus/fake-bus.ts";
import { World } from "./world.ts";
import type { WorldEnd } from "./world.ts";
import type { Schedule } from "./schedule.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What the bus did in a run, a line an operation. */
export interface TracedRun extends WorldEnd {
  readonly lines: readonly string[];
  /** Equal for equal runs. */
  readonly hash: string;
}

/** A world that plays a schedule. */
export interface PlayedWorld {
  readonly clock: VirtualClock;
  run(): Promise<WorldEnd>;
}

/** Makes the world of a schedule. */
export type NewWorld = (schedule: Schedule, watcher?: FakeBusWatcher) => PlayedWorld;

/** Runs a schedule, as a job's unless it is said otherwise, and writes down what the bus did. */
export async function traceSchedule(
  schedule: Schedule,
  newWorld: NewWorld = (played, watcher = {}) => new World(played, { watcher }),
): Promise<TracedRun> {
  const lines: string[] = [];
  const note = (...words: readonly (string | number)[]): void => {
    const atMs = world.clock.elapsedMs.toFixed(1).padStart(10);
    lines.push([atMs, ...words].join(" "));
  };
  const watcher: FakeBusWatcher = {
    stored: (_stream, { subject, sequence }, client) =>
      note(client, "stores", short(subject), "at", sequence),
    expired: (_kind, { subject }) => note("nobody", "beats for", short(subject)),
    decided: (client, { subject }, { kind }) => {
      if (kind !== "stored") note(client, "is refused", short(subject), kind);
    },
    delivered: (client, { subject }, deliveries) =>
      note(client, "is given", short(subject), "for time", deliveries),
    acknowledged: (client, subject, kind) => {
      if (kind !== "working") note(client, `${kind}s`, short(subject));
    },
  };
  const world = newWorld(schedule, watcher);
  const end = await world.run();
  return { ...end, lines, hash: createHash("sha256").update(lines.join("\n")).digest("hex") };
}

/** A subject without what all have in common. */
function short(subject: string): string {
  return subject.replace(/^rollyard\./u, "").replace("sim.0123456789ab.", "");
}
