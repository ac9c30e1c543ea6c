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
 * Removes base folders of supervisors that were killed, whatever their age. Each is opened as a supervisor would: whose
 * lock is held is alive and stays, the rest is emptied. A supervisor that has made its folder and not locked it yet may
 * lose it: whoever starts one tries again in another.
 */
export async function sweepBaseFolders(binary: string): Promise<void> {
  const parent = parentFolder();
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    if (name.startsWith(prefix()) && (await isOurFolder(path))) await sweepBaseFolder(binary, path);
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

async function isOurFolder(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  return found !== null && found.isDirectory() && found.uid === (process.getuid?.() ?? 0);
}
