import { execFile } from "node:child_process";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { sleep } from "./service.ts";

const run = promisify(execFile);
const PIECES = [1024 * 1024, 4096] as const;
const REFILL_MS = 50;
const UNMOUNT_TRIES = 50;
const PAUSE_MS = 100;

/** A disk of its own that others can fill: a file system in memory with a bound. */
export class SmallDisk {
  /** Where it is mounted. */
  readonly path: string;
  #filling: Promise<void> = Promise.resolve();
  #isFull = false;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes and mounts one. Rejects where the system does not allow it. */
  static async mount(path: string, sizeBytes: number): Promise<SmallDisk> {
    await mkdir(path, { recursive: true });
    await run("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes},mode=0755`, "tmpfs", path]);
    return new SmallDisk(path);
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Takes all the room that is left, and whatever others give back, until {@link free}. Resolves when none is left. */
  async fill(): Promise<void> {
    this.#isFull = true;
    await this.#fillOnce();
    this.#filling = this.#keepFull();
  }

  /** Gives the room back. */
  async free(): Promise<void> {
    this.#isFull = false;
    await this.#filling;
    await rm(this.#filler, { force: true });
  }

  /** Its processes have ended; the last one may take a moment to be gone. */
  async remove(): Promise<void> {
    await this.free();
    for (let tries = 1; ; tries += 1) {
      try {
        await run("umount", [this.path]);
        return;
      } catch (error) {
        if (tries >= UNMOUNT_TRIES) throw error;
        await sleep(PAUSE_MS);
      }
    }
  }

  get #filler(): string {
    return join(this.path, "filler");
  }

  async #keepFull(): Promise<void> {
    while (this.#isFull) {
      await sleep(REFILL_MS);
      await this.#fillOnce();
    }
  }

  async #fillOnce(): Promise<void> {
    const filler = await open(this.#filler, "a");
    try {
      for (const bytes of PIECES) await writeUntilFull(() => filler.write(Buffer.alloc(bytes)));
    } finally {
      await filler.close();
    }
  }
}

async function writeUntilFull(write: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await write();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOSPC") return;
      throw error;
    }
  }
}

/** Null where disks of one's own can be mounted, else why not. */
export async function whyNoSmallDisks(folder: string): Promise<string | null> {
  if (process.getuid?.() !== 0) return "mounting a disk of its own needs root";
  try {
    const trial = await SmallDisk.mount(join(folder, "trial"), 64 * 1024);
    await trial.remove();
    return null;
  } catch (error) {
    return `this system mounts no disk: ${error instanceof Error ? error.message.split("\n")[0] : "unknown"}`;
  }
}
