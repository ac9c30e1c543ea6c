import { execFile } from "node:child_process";
import { mkdir, rm, truncate, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { sleep } from "./service.ts";

const run = promisify(execFile);
const UNMOUNT_TRIES = 50;
const PAUSE_MS = 100;

/** A disk of its own: an ext4 file system in a file, mounted through a loop device. Needs root. */
export class LoopImage {
  /** Where it is mounted. */
  readonly path: string;
  #image: string;
  #cuts = 0;

  private constructor(image: string, path: string) {
    this.#image = image;
    this.path = path;
  }

  /** Makes and mounts one. Rejects where the system does not allow it. */
  static async mount(image: string, path: string, sizeBytes: number): Promise<LoopImage> {
    await writeFile(image, "");
    await truncate(image, sizeBytes);
    await run("mkfs.ext4", ["-q", "-F", "-m", "0", image]);
    await mkdir(path, { recursive: true });
    await run("mount", ["-o", "loop", image, path]);
    return new LoopImage(image, path);
  }

  /**
   * The disk as a power cut would leave it now: what had not reached the backing file is gone with the page cache of the
   * file system in it. To be called when nobody writes any more; the path then shows what is left.
   */
  async cut(): Promise<void> {
    this.#cuts += 1;
    const left = `${this.#image}.${this.#cuts}`;
    await run("cp", ["--sparse=always", this.#image, left]);
    await this.#unmount();
    await rm(this.#image);
    this.#image = left;
    // Replays the journal, as the first mount after a cut does.
    await run("mount", ["-o", "loop", left, this.path]);
  }

  async remove(): Promise<void> {
    await this.#unmount();
    await rm(this.#image, { force: true });
  }

  /** The last process in it may take a moment to be gone. */
  async #unmount(): Promise<void> {
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
}

/** Null where disks of one's own can be mounted, else why not. */
export async function whyNoLoopImages(folder: string): Promise<string | null> {
  if (process.getuid?.() !== 0) return "mounting a disk of its own needs root";
  try {
    const trial = await LoopImage.mount(`${folder}/trial.img`, `${folder}/trial`, 16 * 1024 * 1024);
    await trial.remove();
    return null;
  } catch (error) {
    return `this system mounts no loop device: ${error instanceof Error ? error.message.split("\n")[0] : "unknown"}`;
  }
}
