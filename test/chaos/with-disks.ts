import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChaosOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import { withWorld } from "./with-world.ts";
import type { PlanChange } from "./with-world.ts";
import type { ChaosWorld } from "./world/chaos-world.ts";

/** Something that is mounted for a run. */
interface Disk {
  /** Rejects while somebody still uses it. */
  remove(): Promise<void>;
}

/** A world on disks of its own, which `prepare` mounts in the run's folder and lists as it goes; they are removed last. */
export async function withDisks<D extends Disk, T>(
  options: ChaosOptions,
  {
    progress,
    prepare,
  }: {
    readonly progress: Progress;
    readonly prepare: (folder: string, disks: D[]) => Promise<PlanChange>;
  },
  use: (world: ChaosWorld, disks: readonly D[]) => Promise<T>,
): Promise<T> {
  const disks: D[] = [];
  let removing: Promise<void> | null = null;
  // An interrupt and the ordinary end may both ask for it.
  const removeDisks = (): Promise<void> => (removing ??= removeAll(disks));
  // Before the folder that they are in.
  let forget = (): void => undefined;
  const change = async (folder: string): Promise<PlanChange> => {
    forget = progress.onInterrupt(removeDisks);
    return prepare(folder, disks);
  };
  return withWorld(options, { progress, change }, async (world) => {
    try {
      return await use(world, disks);
    } finally {
      await world.stop();
      await removeDisks();
      forget();
    }
  });
}

async function removeAll(disks: readonly Disk[]): Promise<void> {
  for (const disk of disks) await disk.remove();
}

/** Tries something in a folder that is gone afterwards. */
export async function inTrialFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "chaos-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
