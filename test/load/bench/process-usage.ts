import { readFileSync, readdirSync } from "node:fs";

/** What processes have used, from /proc (Linux). */
export interface Usage {
  /** User and system time of all threads. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

/** Ticks of /proc's times; Linux shows them in these on every machine. */
const TICKS_PER_SECOND = 100;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ownTicks: number;
  /** Of children that have ended and were waited for. */
  readonly childrenTicks: number;
}

/** One process: its own CPU time, and the most memory that it has ever held. */
export function usageOf(pid: number): Usage {
  const { ownTicks } = readStat(pid) ?? { ownTicks: 0 };
  return { cpuSeconds: ownTicks / TICKS_PER_SECOND, rssBytes: statusBytes(pid, "VmHWM") };
}

/**
 * All that a process has started, without itself: their CPU time with that of their ended children, and their memory
 * now, in which pages that processes share count once for each.
 */
export function usageBelow(root: number): Usage {
  const below = descendants(root);
  const ticks = below.reduce((sum, { ownTicks, childrenTicks }) => sum + ownTicks + childrenTicks, 0);
  const rssBytes = below.reduce((sum, { pid }) => sum + statusBytes(pid, "VmRSS"), 0);
  return { cpuSeconds: ticks / TICKS_PER_SECOND, rssBytes };
}

/** What a process holds now; 0 when it has ended. */
export function rssOf(pid: number): number {
  return statusBytes(pid, "VmRSS");
}

/** All that a process has started, directly or not, as far as it is still below it. */
export function pidsBelow(root: number): readonly number[] {
  return descendants(root).map(({ pid }) => pid);
}

function descendants(root: number): readonly Stat[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/u.test(name));
  const stats = pids.flatMap((pid) => readStat(Number(pid)) ?? []);
  const byParent = Map.groupBy(stats, ({ parent }) => parent);
  const found: Stat[] = [];
  for (let level = byParent.get(root) ?? []; level.length > 0;) {
    found.push(...level);
    level = level.flatMap(({ pid }) => byParent.get(pid) ?? []);
  }
  return found;
}

/** Fields of proc_pid_stat(5), counted after the name, which may hold blanks. */
function readStat(pid: number): Stat | null {
  const text = readProc(`${pid}/stat`);
  if (text === null) return null;
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const [parent = 0, user = 0, system = 0, childUser = 0, childSystem = 0] = [1, 11, 12, 13, 14].map(
    (at) => fields[at],
  );
  return { pid, parent, ownTicks: user + system, childrenTicks: childUser + childSystem };
}

function statusBytes(pid: number, field: "VmHWM" | "VmRSS"): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, "mu").exec(readProc(`${pid}/status`) ?? "");
  return match === null ? 0 : Number(match[1]) * 1024;
}

/** Null when the process has ended. */
function readProc(path: string): string | null {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return null;
  }
}
