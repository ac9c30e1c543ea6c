import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ChaosWorld } from "../world/chaos-world.ts";
import type { MemoryFigure } from "./memory-meter.ts";
import { sleep } from "../world/service.ts";
import type { Service } from "../world/service.ts";

/** What is left of a process's heap after a garbage collection, MiB by name of the process. */
export type LiveHeaps = ReadonlyMap<string, number>;

const MIB = 1024 * 1024;
const WITHIN_MS = 30_000;
const POLL_MS = 50;

/** Asks every Node process of a run that was started with its heap probed. */
export async function liveHeaps(world: ChaosWorld): Promise<LiveHeaps> {
  const { heapFolder, services } = world;
  return new Map(await Promise.all(services.map(async (service) => askOne(service, heapFolder))));
}

/** How they grew while `rollouts` ended. */
export function heapFigures(first: LiveHeaps, last: LiveHeaps, rollouts: number): readonly MemoryFigure[] {
  return [...first].map(([name, before]) => {
    const now = last.get(name) ?? before;
    const tenth = (mib: number): number => Math.round(10 * mib) / 10;
    return {
      name,
      firstMib: tenth(before),
      lastMib: tenth(now),
      mibPer10k: tenth(((now - before) * 10_000) / rollouts),
    };
  });
}

async function askOne(service: Service, folder: string): Promise<readonly [string, number]> {
  const file = join(folder, `${service.pid}.json`);
  rmSync(file, { force: true });
  service.signal("SIGUSR2");
  const deadlineMs = performance.now() + WITHIN_MS;
  for (;;) {
    const bytes = readLive(file);
    if (bytes !== null) return [service.name, bytes / MIB];
    if (performance.now() > deadlineMs) throw new Error(`${service.name} does not say what its heap holds`);
    await sleep(POLL_MS);
  }
}

function readLive(file: string): number | null {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { readonly liveBytes: number }).liveBytes;
  } catch {
    return null;
  }
}
