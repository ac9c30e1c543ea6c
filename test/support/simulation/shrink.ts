import type { Fault, Schedule } from "./schedule.ts";

/**
 * Leaves out of a failing schedule what it fails without: faults, in ever smaller parts, then rollouts, workers and turns.
 * `fails` says whether a schedule fails in the same way.
 */
export async function shrink(
  schedule: Schedule,
  fails: (candidate: Schedule) => Promise<boolean>,
): Promise<Schedule> {
  const withFaults = (faults: readonly Fault[]): Schedule => ({ ...schedule, faults });
  const faults = await fewest(schedule.faults, (rest) => fails(withFaults(rest)));
  let smallest = withFaults(faults);
  for (const smaller of smallerShapes) {
    for (let next = smaller(smallest); next !== null && (await fails(next)); next = smaller(smallest))
      smallest = next;
  }
  return smallest;
}

/** Delta debugging: leaves out halves, then quarters, down to single faults, as long as that goes. */
async function fewest(
  faults: readonly Fault[],
  fails: (rest: readonly Fault[]) => Promise<boolean>,
): Promise<readonly Fault[]> {
  let kept = faults;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < kept.length;) {
      const rest = [...kept.slice(0, start), ...kept.slice(start + size)];
      if (await fails(rest)) kept = rest;
      else start += size;
    }
  }
  return kept;
}

type Smaller = (schedule: Schedule) => Schedule | null;

const smallerShapes: readonly Smaller[] = (
  ["items", "samplesPerItem", "workers", "graders", "warmReplicas", "toolTurns"] as const
).map((field) => (schedule) => {
  const least = field === "warmReplicas" || field === "toolTurns" ? 0 : 1;
  const { shape } = schedule;
  return shape[field] > least ? { ...schedule, shape: { ...shape, [field]: shape[field] - 1 } } : null;
});
