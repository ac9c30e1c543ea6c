import type { KubeObject } from "../../../src/kube/kube-object.ts";
import { busUid } from "../../../src/kube/bus-uid.ts";
import type { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import type { ClaimingJob } from "../parts/claimer-main.ts";

const GROUP = { group: "rollyard.dev", version: "v1alpha1" };
const NAMESPACE = "default";
const API_VERSION = "rollyard.dev/v1alpha1";

/** What an Environment keeps ready, and how fast it may start more. */
export interface ClaimEnvironment {
  readonly name: string;
  readonly warmReplicas: number;
}

/** How fast an Environment may start sandboxes: nothing but the cluster bounds the first, and the second is the schema's. */
export const ALL_STARTS = { maxStarting: 1000, startsPerSecond: 1000 };
/** The least that the schema takes. */
export const FEWEST_STARTS = { maxStarting: 1, startsPerSecond: 1 };
export const DEFAULT_STARTS = { maxStarting: 64, startsPerSecond: 20 };

/** Changes how fast it may. */
export async function shapeStarts(
  world: ClusterWorld,
  name: string,
  starts: typeof DEFAULT_STARTS,
): Promise<void> {
  const patch = JSON.stringify({ spec: { sandbox: starts } });
  await world.kubectl(["patch", "environment", name, "--type=merge", "-p", patch]);
}

/** Makes an Environment whose starts nothing but the cluster bounds, and a job of so many rollouts that no worker drives. */
export async function makeClaimJob(
  world: ClusterWorld,
  { name, warmReplicas }: ClaimEnvironment,
  rollouts: number,
): Promise<ClaimingJob> {
  const sandbox = {
    image: "registry.example/bench:1",
    resources: { requests: { cpu: "10m", memory: "16Mi" } },
    warmReplicas,
    ...ALL_STARTS,
  };
  const grader = {
    type: "string_check",
    name: "g",
    operation: "eq",
    input: "{{ sample.output_text }}",
    reference: "x",
  };
  const prompt = [{ role: "user", content: "{{ item.q }}" }];
  const environment = {
    apiVersion: API_VERSION,
    kind: "Environment",
    metadata: { name },
    spec: { sandbox, prompt, grader },
  };
  await world.kubectl(["create", "-f", "-"], environment);
  const job = {
    apiVersion: API_VERSION,
    kind: "RolloutJob",
    metadata: { name },
    spec: {
      environmentRef: { name },
      dataset: { inline: Array.from({ length: rollouts }, (_, index) => ({ q: String(index) })) },
      parallelism: rollouts,
      model: { baseURL: "http://127.0.0.1:1/v1", name: "none" },
    },
  };
  await world.kubectl(["create", "-f", "-"], job);
  const uidOf = async (plural: string): Promise<string> => {
    const found = await world.whole.client.get<KubeObject>(
      { ...GROUP, plural },
      { namespace: NAMESPACE, name },
    );
    return busUid(found?.metadata.uid ?? "");
  };
  return {
    namespace: NAMESPACE,
    jobUid: await uidOf("rolloutjobs"),
    environmentUid: await uidOf("environments"),
  };
}

/** Deletes both, with everything that they hold. */
export async function removeClaimJob(world: ClusterWorld, name: string): Promise<void> {
  await world.kubectl(["delete", "--timeout=300s", "rolloutjob", name]);
  await world.kubectl(["delete", "--timeout=300s", "environment", name]);
}
