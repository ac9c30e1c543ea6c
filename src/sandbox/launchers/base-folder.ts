import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { lstat, readdir, readFile, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { systemClock } from "../../lib/clock.ts";

// A Unix socket's path has at most 107 bytes: base + /<sandbox uid>/s/s.
const LONGEST_PARENT = 60;
// The supervisor's, as sandboxd names it.
const LOCK_NAME = ".lock";
// A younger folder with nothing in it may belong to a supervisor that is about to lock it.
const SWEEP_AFTER_MS = 60_000;
const LOST_TRIES = 10;
const LOCK_PAUSE_MS = 100;

function parentFolder(): string {
  const own = tmpdir();
  return own.length <= LONGEST_PARENT ? own : "/tmp";
}

function prefix(): string {
  return `rollyard-${process.getuid?.() ?? 0}-`;
}

/** A fresh name that nobody can guess, directly in the temporary folder; the supervisor makes and removes it. */
export function newBaseFolder(): string {
  return join(parentFolder(), `${prefix()}${randomBytes(4).toString("hex")}`);
}

/**
 * Removes base folders of supervisors that were killed. Each is opened as a supervisor would: whose lock is held is
 * alive and stays, the rest is emptied. One that holds sandboxes has been locked before, so it needs no age.
 */
export async function sweepBaseFolders(binary: string, nowMs: number): Promise<void> {
  const parent = parentFolder();
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix())) continue;
    const path = join(parent, name);
    if (await isAbandoned(path, nowMs)) await sweepBaseFolder(binary, path);
  }
}

/** Ends what is left of a dead supervisor, empties its folder and removes it; does nothing while one is alive. */
export async function sweepBaseFolder(binary: string, path: string): Promise<void> {
  const sweeper = spawn(binary, ["supervise", "--base", path], { stdio: "ignore" });
  const [exitCode] = (await once(sweeper, "exit")) as [number | null];
  if (exitCode !== 0) return;
  await killStragglers(path);
  await rmdir(path).catch(() => undefined);
}

/** Sweeps the folder of a supervisor that has just died; a child of it may hold the lock until its exec. */
export async function sweepLostFolder(binary: string, path: string): Promise<void> {
  for (let tries = 0; tries < LOST_TRIES && existsSync(path); tries += 1) {
    if (tries > 0) await systemClock.sleep(LOCK_PAUSE_MS);
    await sweepBaseFolder(binary, path);
  }
}

// bubblewrap's child waits for its parent without end when that is killed in the middle of making the namespaces.
const STRAGGLERS = new Set(["bwrap", "unshare"]);

async function killStragglers(base: string): Promise<void> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/u.test(name))) {
    const argv = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    const isOurs = argv.some((word) => word.startsWith(`${base}/`));
    if (isOurs && STRAGGLERS.has(basename(argv[0] ?? ""))) killQuietly(Number(pid));
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}

async function isAbandoned(path: string, nowMs: number): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  if (found === null || !found.isDirectory()) return false;
  if (found.uid !== (process.getuid?.() ?? 0)) return false;
  if (nowMs - found.mtimeMs > SWEEP_AFTER_MS) return true;
  const names = await readdir(path).catch((): string[] => []);
  return names.includes(LOCK_NAME) && names.length > 1;
}
