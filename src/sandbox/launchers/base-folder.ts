import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { lstat, readdir, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

// A Unix socket's path has at most 107 bytes: base + /<sandbox uid>/s/s.
const LONGEST_PARENT = 60;
// A younger folder may belong to a supervisor that is about to lock it.
const SWEEP_AFTER_MS = 60_000;

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
 * alive and stays, the rest is emptied.
 */
export async function sweepBaseFolders(binary: string, nowMs: number): Promise<void> {
  const parent = parentFolder();
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix())) continue;
    const path = join(parent, name);
    if (await isAbandoned(path, nowMs)) await sweepBaseFolder(binary, path);
  }
}

/** Empties and removes one base folder, unless a live supervisor holds it. */
export async function sweepBaseFolder(binary: string, path: string): Promise<void> {
  const sweeper = spawn(binary, ["supervise", "--base", path], { stdio: "ignore" });
  await once(sweeper, "exit");
  await rmdir(path).catch(() => undefined);
}

async function isAbandoned(path: string, nowMs: number): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  if (found === null || !found.isDirectory()) return false;
  return found.uid === (process.getuid?.() ?? 0) && nowMs - found.mtimeMs > SWEEP_AFTER_MS;
}
