import { usageOf } from "../bench/process-usage.ts";
import type { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";

/** CPU milliseconds by the name of a process. */
export type CpuByProcess = Readonly<Record<string, number>>;

/** Begins to measure who uses the machine; the result says what each process has used since. */
export function meterCpu(world: ClusterWorld, claimerPid: number): () => CpuByProcess {
  const pids = pidsOf(world, claimerPid);
  const before = readAll(pids);
  return () => {
    const after = readAll(pids);
    return Object.fromEntries(pids.map(([name], at) => [name, (after[at] ?? 0) - (before[at] ?? 0)]));
  };
}

function pidsOf({ whole, controllers, nats }: ClusterWorld, claimerPid: number) {
  const { apiserver, etcd } = whole.plane;
  return [
    ...[apiserver, etcd, ...whole.others, ...controllers].map(({ name, pid }) => [name, pid] as const),
    ...nats.map(({ name, service }) => [name, service.pid] as const),
    ["claimants", claimerPid] as const,
    ["benchmark", process.pid] as const,
  ];
}

function readAll(pids: readonly (readonly [string, number])[]): readonly number[] {
  return pids.map(([, pid]) => usageOf(pid).cpuSeconds * 1000);
}
