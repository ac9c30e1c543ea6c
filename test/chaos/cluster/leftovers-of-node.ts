import { join } from "node:path";
import { readdir } from "node:fs/promises";
import { eventually } from "../../support/cluster/eventually.ts";
import type { LocalKubelet } from "../../support/cluster/kubelet/local-kubelet.ts";
import { processesOf } from "../../support/run/leftovers.ts";
import type { ClusterWorld } from "./cluster-world.ts";

const PODS = { group: "", version: "v1", plural: "pods" };
const GONE_WITHIN_MS = 15_000;
const POLL_MS = 500;

/**
 * Processes and folders of sandboxes on the node whose pods are gone, a line each: the last process of a killed sandbox takes a
 * moment to go.
 */
export async function leftoversOfNode({ kubelet, whole }: ClusterWorld): Promise<readonly string[]> {
  if (kubelet === null) return [];
  const look = async (): Promise<readonly string[]> => {
    const list = await whole.client.list(PODS);
    return leftoversBeside(kubelet, new Set((list?.items ?? []).map(({ metadata }) => metadata.uid)));
  };
  return eventually(look, (left) => left.length === 0, GONE_WITHIN_MS, POLL_MS).catch(look);
}

/** Each pod has a folder of its UID, which its processes name. */
async function leftoversBeside(
  { folder, binary }: LocalKubelet,
  uids: ReadonlySet<string>,
): Promise<readonly string[]> {
  const processesIn = (place: string) => processesOf({ folder: place, temporary: place });
  const folders = (await readdir(folder)).filter((name) => name !== binary);
  const known = folders.filter((name) => uids.has(name));
  const kept = await Promise.all(known.map((name) => processesIn(join(folder, name))));
  const keptPids = new Set(kept.flat().map(({ pid }) => pid));
  const running = (await processesIn(folder)).filter(({ pid }) => !keptPids.has(pid));
  return [
    ...running.map(({ name, pid }) => `process ${name} ${pid}`),
    ...folders.filter((name) => !uids.has(name)).map((name) => `folder ${name}`),
  ];
}
