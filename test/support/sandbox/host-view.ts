import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A process of this machine. */
export interface HostProcess {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** Processes of this machine of whose command line a part is exactly `word`; zombies have none. */
export function processesNaming(word: string): readonly HostProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .map((name) => ({ pid: Number(name), argv: argvOf(name) }))
    .filter(({ argv }) => argv.includes(word));
}

/** The sandboxd of a sandbox, as this machine sees it. */
export function sandboxdOf(sandboxUid: string): HostProcess {
  const found = processesNaming(sandboxUid).find(({ argv }) => argv[0]?.endsWith("sandboxd"));
  if (found === undefined) throw new Error("no sandboxd of this sandbox runs");
  return found;
}

/** Folders that launchers of this user keep their sandboxes in. */
export function baseFolders(): readonly string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(`rollyard-${process.getuid?.() ?? 0}-`))
    .map((name) => join(tmpdir(), name));
}

/** Mounts of this machine that name a launcher's folder. */
export function mountsOfSandboxes(): readonly string[] {
  const prefix = join(tmpdir(), `rollyard-${process.getuid?.() ?? 0}-`);
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .filter((line) => line.includes(prefix));
}

function argvOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}
