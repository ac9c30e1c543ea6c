import { statfs } from "node:fs/promises";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { Clock } from "../../../src/lib/clock.ts";

/** Below this the run stops while there is still room for what is under way to be put down in good order. */
const LEAST_FREE_BYTES = 32 * 1024 * 1024;
const LOOK_MS = 1000;

/** Throws `output_unwritable` when the folder is gone, or too little of its disk is free for a run to begin or to go on. */
export async function requireRoom(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder).catch((cause: unknown) => {
    throw new RollyardError("output_unwritable", {
      message: `The folder ${folder} can't be looked at any more; was it removed, or moved, while it was in use? Begin anew with another --out.`,
      cause,
    });
  });
  const freeBytes = bavail * bsize;
  if (freeBytes >= LEAST_FREE_BYTES) return;
  throw new RollyardError("output_unwritable", {
    message: `The disk of ${folder} is full (${Math.floor(freeBytes / 1048576)} MiB left); free some space, then the same command resumes the run.`,
    details: { free_bytes: freeBytes },
  });
}

/**
 * Watches a run folder and the free space of its disk. Rejects with `output_unwritable` before the disk is full, for a bus
 * without room would only wait, and when the folder is gone; resolves when the signal aborts.
 */
export async function watchDisk(folder: string, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await requireRoom(folder);
    await clock.sleep(LOOK_MS, signal);
  }
}
