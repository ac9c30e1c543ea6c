import { readFileSync } from "node:fs";
import { open, readFile, rm } from "node:fs/promises";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";

/** Keeps a second process out of a run folder. */
export interface RunLock {
  release(): Promise<void>;
}

/**
 * Takes the lock file, or throws `run_folder_conflict` naming the process that has it. A lock whose process has died
 * is taken over; a process id that was given to another process since is told by its start time.
 */
export async function takeRunLock(file: string): Promise<RunLock> {
  const own = `${process.pid} ${startOf(process.pid)}\n`;
  for (let tries = 0; tries < 5; tries += 1) {
    const handle = await open(file, "wx", 0o600).catch(() => null);
    if (handle !== null) {
      await handle.writeFile(own);
      await handle.close();
      return { release: () => rm(file, { force: true }) };
    }
    const holder = await livingHolder(file);
    if (holder !== null) throw heldBy(holder);
    await rm(file, { force: true });
  }
  throw heldBy(null);
}

async function livingHolder(file: string): Promise<number | null> {
  const text = await readFile(file, "utf8").catch(() => "");
  const [pidText = "", start = ""] = text.trim().split(" ");
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return null;
  return startOf(pid) === start ? pid : null;
}

function isAlive(pid: number): boolean {
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

function heldBy(pid: number | null): RollyardError {
  const who = pid === null ? "another process" : `process ${pid}`;
  return new RollyardError("run_folder_conflict", {
    message: `The run folder is in use by ${who}; wait for it, or use another --out.`,
  });
}
