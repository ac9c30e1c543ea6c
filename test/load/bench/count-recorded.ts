import type { LogStore } from "../../../src/bus/port.ts";
import type { JobIdentity } from "../../../src/job/job-identity.ts";
import { inParallel } from "../../../src/lib/in-parallel.ts";
import { readRollout } from "../../../src/rollout/read-rollout.ts";
import type { Load } from "./load.ts";

/** What the event logs hold. */
export interface Recorded {
  readonly turns: number;
  /** Tool calls with their answers. */
  readonly calls: number;
}

const READS_AT_ONCE = 8;

/** Folds every event log of the job, digests and all, and counts. */
export async function countRecorded(store: LogStore, identity: JobIdentity, load: Load): Promise<Recorded> {
  let turns = 0;
  let calls = 0;
  const items = Array.from({ length: load.rollouts }, (_, itemIndex) => itemIndex);
  await inParallel(items, READS_AT_ONCE, async (itemIndex) => {
    const { attempts } = await readRollout(store, { ...identity, itemIndex, sampleIndex: 0 });
    for (const turn of attempts.flatMap((attempt) => attempt.turns)) {
      turns += 1;
      calls += turn.calls.filter(({ returned }) => returned?.result === "ok").length;
    }
  });
  return { turns, calls };
}
