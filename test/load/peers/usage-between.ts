import { sumOf, writesBetween } from "../cluster/api-counts.ts";
import type { ApiCounts } from "../cluster/api-counts.ts";
import type { EtcdCounts } from "./etcd-counts.ts";

/** What has been used until a moment. */
export interface Snapshot {
  readonly api: ApiCounts;
  readonly etcd: EtcdCounts;
  /** User and system time, by the process's name. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
}

/** What a unit has used between two moments. */
export interface UsagePerUnit {
  /** Of the API server, all writers, without leases and nodes' beats. */
  readonly writes: number;
  /** The same by verb and resource. */
  readonly writesByKind: Readonly<Record<string, number>>;
  /** Without those of leases and nodes' beats. */
  readonly etcdPuts: number;
  readonly etcdDeletes: number;
  readonly cpuMs: Readonly<Record<string, number>>;
}

const BEATS = /^(?:POST|PUT|PATCH|APPLY) (?:leases|nodes)(?:\/|$)/;

/** Divides the difference of two snapshots by the units; a process that the first does not know began at nothing. */
export function usageBetween(before: Snapshot, after: Snapshot, units: number): UsagePerUnit {
  const writes = writesBetween(before.api, after.api);
  const puts = after.etcd.puts - before.etcd.puts - beatsBetween(before.api, after.api);
  const each = (entries: Iterable<readonly [string, number]>): Readonly<Record<string, number>> =>
    Object.fromEntries([...entries].map(([name, value]) => [name, value / units]));
  const cpu = Object.entries(after.cpuSeconds).map(
    ([name, seconds]) => [name, 1000 * (seconds - (before.cpuSeconds[name] ?? 0))] as const,
  );
  return {
    writes: sumOf(writes) / units,
    writesByKind: each(writes),
    etcdPuts: puts / units,
    etcdDeletes: (after.etcd.deletes - before.etcd.deletes) / units,
    cpuMs: each(cpu),
  };
}

/** Writes that go on when nothing happens; each is a put. */
function beatsBetween(before: ApiCounts, after: ApiCounts): number {
  const beats = [...after].filter(([what]) => BEATS.test(what));
  return beats.reduce((sum, [what, count]) => sum + count - (before.get(what) ?? 0), 0);
}
