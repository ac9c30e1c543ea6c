import { readFileSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { Clock } from "../../../src/lib/clock.ts";

/** Keeps a second process out of a run folder. */
export interface RunLock {
  release(): Promise<void>;
}

/** What the waits of two commands that meet depend on. */
export interface RunLockDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

const TRIES = 4;
const LONGEST_PAUSE_MS = 100;

/**
 * Takes the lock folder, or throws `run_folder_conflict` naming the process that has it. A holder is an empty file
 * named after its process id and start time, so what a dead process left is never taken for a living one's, and
 * anyone may remove it. Each puts its file down before it looks for others': of two that start at once, at least one
 * sees the other and steps back.
 */
export async function takeRunLock(
  folder: string,
  deps: RunLockDeps = { clock: systemClock, random: Math.random },
): Promise<RunLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const own = path.join(folder, `${process.pid}-${startOf(process.pid)}`);
  for (let tries = 1; ; tries += 1) {
    await putDown(own);
    const holder = await otherHolder(folder, path.basename(own));
    if (holder === null) return { release: () => rm(own, { force: true }) };
    await rm(own, { force: true });
    if (tries === TRIES) throw heldBy(holder);
    await deps.clock.sleep(LONGEST_PAUSE_MS * deps.random());
  }
}

/** The process that has the lock folder, without touching it; null when none has. */
export async function findRunHolder(folder: string): Promise<number | null> {
  const names = await readdir(folder).catch(() => []);
  return names.map(livingHolder).find((pid) => pid !== null) ?? null;
}

async function putDown(own: string): Promise<void> {
  try {
    await writeFile(own, "", { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw heldBy(process.pid);
    throw error;
  }
}

/** The process id of another that lives and has put its file down; removes the files of dead ones. */
async function otherHolder(folder: string, own: string): Promise<number | null> {
  for (const name of await readdir(folder)) {
    if (name === own) continue;
    const pid = livingHolder(name);
    if (pid !== null) return pid;
    await rm(path.join(folder, name), { force: true });
  }
  return null;
}

/** The process that a holder's file is of; null when it has ended. */
function livingHolder(name: string): number | null {
  const [pidText = "", start = ""] = name.split("-");
  const pid = Number(pidText);
  return isAlive(pid) && startOf(pid) === start ? pid : null;
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Start time of a process in clock ticks since boot; the same text for all where the system does not tell. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field may hold spaces and brackets: count from its end.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "unknown";
  } catch {
    return "unknown";
  }
}

function heldBy(pid: number): RollyardError {
  return new RollyardError("run_folder_conflict", {
    message: `The run folder is in use by process ${pid}; wait for it, or use another --out.`,
  });
}
