import type { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { usageOf } from "../bench/process-usage.ts";
import { readApiCounts } from "../cluster/api-counts.ts";
import { parseEtcdCounts } from "./etcd-counts.ts";
import type { Snapshot } from "./usage-between.ts";

/** Reads what the control plane, a contender's processes and this one have used. */
export class Meter {
  readonly #world: ClusterWorld;

  constructor(world: ClusterWorld) {
    this.#world = world;
  }

  /** `processes`: process ids of the contender, by name; `client` is added to this process. */
  async take(processes: Readonly<Record<string, readonly number[]>>): Promise<Snapshot> {
    const { plane, others, transport } = this.#world.whole;
    const etcd = await fetch(`${plane.etcdServer}/metrics`);
    const own = [plane.apiserver, plane.etcd, ...others].map(({ name, pid }) => [name, [pid]] as const);
    const all = { ...Object.fromEntries(own), ...processes };
    const pids = { ...all, client: [process.pid, ...(all["client"] ?? [])] };
    return {
      api: await readApiCounts(transport),
      etcd: parseEtcdCounts(await etcd.text()),
      cpuSeconds: Object.fromEntries(
        Object.entries(pids).map(([name, each]) => [
          name,
          each.reduce((sum, pid) => sum + usageOf(pid).cpuSeconds, 0),
        ]),
      ),
    };
  }
}
