import { join } from "node:path";
import { eventually } from "../../support/cluster/eventually.ts";
import { startCli } from "../../support/run/run-cli.ts";
import type { ClusterWorld } from "./cluster-world.ts";

const PATIENCE_MS = 60_000;
const POLL_MS = 1000;

/**
 * Has `rollyard results` write a job that ended as a run folder, and resolves with its path; null in a world without a
 * gateway. A gateway that could not reach the API server for a while may not know the job yet.
 */
export async function writeRecords(world: ClusterWorld, name: string): Promise<string | null> {
  const { gatewayUrl, folder, whole } = world;
  if (gatewayUrl === null) return null;
  const out = join(folder, "records");
  const flags = ["--out", out, "--gateway", gatewayUrl, "--kubeconfig", whole.plane.kubeconfigFile];
  const write = () => startCli(["results", name, ...flags]).ended;
  await eventually(write, ({ code }) => code === 0, PATIENCE_MS, POLL_MS);
  return join(out, name);
}
