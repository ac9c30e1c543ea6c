import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { usageOf } from "../bench/process-usage.ts";
import type { PodCounter } from "./pod-counter.ts";

/** What a controller did in some time. */
export interface ControllerWork {
  readonly cpuMs: number;
  /** Requests to the API server, watches among them. */
  readonly calls: number;
  /** What the watch of pods told it. */
  readonly events: number;
}

const CALLS = /^rollyard_kube_requests_total\{[^}]*\} (\d+)$/gm;

/** Begins to measure the one controller; the result says what it did since. */
export async function meterController(
  world: ClusterWorld,
  counter: PodCounter,
): Promise<() => Promise<ControllerWork>> {
  const before = await readWork(world, counter);
  return async () => {
    const after = await readWork(world, counter);
    return {
      cpuMs: after.cpuMs - before.cpuMs,
      calls: after.calls - before.calls,
      events: after.events - before.events,
    };
  };
}

async function readWork(world: ClusterWorld, { events }: PodCounter): Promise<ControllerWork> {
  const pid = world.controllers[0]?.pid ?? 0;
  const text = await readMetrics(world);
  const calls = [...text.matchAll(CALLS)].reduce((sum, [, count]) => sum + Number(count), 0);
  return { cpuMs: usageOf(pid).cpuSeconds * 1000, calls, events };
}

/** The port is free for the taking, so the log says which it is once the controller has begun. */
async function readMetrics(world: ClusterWorld): Promise<string> {
  const file = join(world.folder, "logs", "controller-1.log");
  const portOf = async (): Promise<string> => {
    const log = await readFile(file, "utf8").catch(() => "");
    return [...log.matchAll(/"metrics_port":(\d+)/g)].at(-1)?.[1] ?? "";
  };
  const port = await eventually(portOf, (found) => found !== "");
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
}
