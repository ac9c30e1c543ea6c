import { leftoversOf } from "../../support/run/leftovers.ts";
import { modelLogOf, toolLogOf } from "../world/chaos-world.ts";
import type { ChaosWorld } from "../world/chaos-world.ts";
import { MAX_ATTEMPTS } from "../world/job.ts";
import { sleep } from "../world/service.ts";
import type { Evidence } from "./evidence.ts";
import { gather } from "./gather.ts";

const GONE_WITHIN_MS = 15_000;
const POLL_MS = 500;

/** Ends a run whose job is done, and reads all that it left. */
export async function gatherEvidence(world: ChaosWorld, sandboxdKills = 0): Promise<Evidence> {
  const { options } = world.plan;
  await world.stopServices();
  await world.bus.untilCurrent();
  const gathered = await gather({
    bus: world.bus,
    samplesPerItem: options.samples,
    resultsFolder: world.resultsFolder,
    modelLog: modelLogOf(world.folder),
    toolLog: options.sandboxes === "none" ? toolLogOf(world.folder) : null,
  });
  await world.stop();
  return {
    ...gathered,
    behaviour: world.behaviour,
    rollouts: world.rollouts,
    maxAttempts: MAX_ATTEMPTS,
    sandboxdKills,
    leftovers: await leftoversAtLast(world),
  };
}

/** What is still there a while after the end: the last process of a killed sandbox takes a moment to go. */
async function leftoversAtLast(world: ChaosWorld): Promise<readonly string[]> {
  const deadlineMs = performance.now() + GONE_WITHIN_MS;
  for (;;) {
    const left = await leftoversOf({ folder: world.folder, temporary: world.temporary });
    if (left.length === 0 || performance.now() > deadlineMs) return left;
    await sleep(POLL_MS);
  }
}
