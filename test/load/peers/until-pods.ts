import { eventually } from "../../support/cluster/eventually.ts";
import type { UnitWatch } from "./unit-watch.ts";

/** How long one phase of one contender may take. */
export const PATIENCE_MS = 300_000;

/** Resolves when there are exactly so many pods, and all of them run. */
export async function untilPods(pods: UnitWatch, count: number): Promise<void> {
  await eventually(
    () => ({ live: pods.live, ready: pods.ready }),
    ({ live, ready }) => live === count && ready === count,
    PATIENCE_MS,
  );
}

/** Resolves when there are at least so many pods, and all of them run: some contenders make too many at times. */
export async function untilPodsRun(pods: UnitWatch, least: number): Promise<void> {
  await eventually(
    () => ({ live: pods.live, ready: pods.ready }),
    ({ live, ready }) => live >= least && ready === live,
    PATIENCE_MS,
  );
}

/** Resolves when as many as were asked for have been ready; with the milliseconds that each took. */
export async function untilAllReady(
  watch: UnitWatch,
  requestedAtMs: ReadonlyMap<string, number>,
): Promise<readonly number[]> {
  await eventually(
    () => watch.readyAtMs.size,
    (ready) => ready >= requestedAtMs.size,
    PATIENCE_MS,
  );
  return [...requestedAtMs].map(([key, atMs]) => (watch.readyAtMs.get(key) ?? Number.NaN) - atMs);
}
