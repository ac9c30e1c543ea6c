import { conflictAnswer } from "../../support/kube/api-proxy.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { SeededRandom } from "../../../src/lib/seeded-random.ts";
import { gatherLeases } from "../checker/gather.ts";
import { sleep } from "../world/service.ts";
import type { Service } from "../world/service.ts";
import type { ClusterWorld } from "./cluster-world.ts";
import type { RunningClusterJob } from "./run-cluster-job.ts";

/** What happens to a cluster in the middle of a job. */
export interface ClusterFault {
  /** Sandboxes that end by what looks like their agent's doing. */
  readonly sandboxdKills?: number;
  readonly cost: FaultCost;
  /** Of the model, where rollouts have to be long enough to be struck. */
  readonly latencyMs?: number;
  readonly strike: (world: ClusterWorld, running: RunningClusterJob) => Promise<void>;
}

/** What a fault has to cost, or it was none: nothing, attempts of rollouts, or the sandboxes of some whose end is data then. */
export type FaultCost = "nothing" | "attempts" | "sandboxes";

const NAMESPACE = "default";
const PODS = { group: "", version: "v1", plural: "pods" };
const NODES = { group: "", version: "v1", plural: "nodes" };
const QUOTAS = { group: "", version: "v1", plural: "resourcequotas" };
/** Of a leader, by default. */
const LEASE_MS = 15_000;
const TENTH = 10;
/** Outcomes between two leaders' ends. */
const BETWEEN_LEADERS = 5;
const FEW = 2;
const FORGOTTEN = "resourceVersion=1";
const RELISTED_MS = 120_000;
const SLOW_MS = 1500;
const MOST_KILLS = 8;
const LATE_PART = 0.8;
const LONGEST_REIGN_MS = 10_000;
const POLL_MS = 500;

/** By name, as `npm run chaos -- cluster` takes them. */
export const CLUSTER_FAULTS = {
  "api-server-killed": { strike: killApiServer, cost: "nothing" },
  "api-server-stopped": { strike: (world) => stopApiServer(world, 45_000), cost: "nothing" },
  "watches-compacted": { strike: compact, cost: "nothing" },
  "etcd-slowed": { strike: slowEtcd, cost: "nothing" },
  "leader-killed": { strike: killLeader, cost: "nothing" },
  "leaders-killed": { strike: killLeadersOften, cost: "nothing" },
  "leader-stopped": { strike: stopLeader, cost: "nothing" },
  "leader-told-to-end": { strike: endLeader, cost: "nothing" },
  "leaders-with-clocks-apart": { strike: endLeadersInTurn, cost: "nothing" },
  "quota-set-and-lifted": { strike: setQuota, cost: "nothing" },
  "pods-evicted": { strike: evictPods, cost: "attempts", latencyMs: SLOW_MS },
  "node-deleted": { strike: deleteNode, cost: "attempts" },
  "images-missing": { strike: missImages, cost: "nothing" },
  "writes-conflict": { strike: conflict, cost: "nothing" },
  "sandboxes-out-of-memory": {
    strike: exhaustMemory,
    sandboxdKills: FEW,
    cost: "sandboxes",
    latencyMs: SLOW_MS,
  },
  "sandboxes-killed": { strike: killSandboxes, sandboxdKills: FEW, cost: "sandboxes", latencyMs: SLOW_MS },
} as const satisfies Readonly<Record<string, ClusterFault>>;

/** One of {@link CLUSTER_FAULTS}. */
export type ClusterFaultName = keyof typeof CLUSTER_FAULTS;

async function killApiServer({ whole: { plane } }: ClusterWorld): Promise<void> {
  await plane.apiserver.kill();
  await sleep(3000);
  await plane.apiserver.start();
  await plane.untilReady();
}

async function stopApiServer({ whole: { plane } }: ClusterWorld, ms: number): Promise<void> {
  plane.apiserver.pause();
  await sleep(ms);
  plane.apiserver.resume();
  await plane.untilReady();
}

/**
 * A server that starts after etcd forgot the past knows no version that a watch wants to go on from: it says so (410), and every
 * watch has to list anew. On a busy machine a leader loses its lease while the server starts, and the next begins with a list: its
 * watches are made to ask for what is forgotten, too.
 */
async function compact(world: ClusterWorld): Promise<void> {
  const { proxy, whole } = world;
  const { plane } = whole;
  const logsOf = (): Promise<readonly string[]> =>
    Promise.all(world.controllers.map((each) => world.logOf(each)));
  const before = (await logsOf()).map(({ length }) => length);
  const isHeard = async (): Promise<boolean> =>
    hasListedAnew((await logsOf()).map((log, at) => log.slice(before[at])).join(""));
  await plane.apiserver.kill();
  // Once: what is compacted already can't be compacted again.
  await plane.compact();
  proxy.rewrite = (path) => (path.includes("watch=") ? path.replace(/resourceVersion=\d+/, FORGOTTEN) : path);
  try {
    await plane.apiserver.start();
    await plane.untilReady();
    await eventually(isHeard, (isSo) => isSo, RELISTED_MS, POLL_MS);
  } finally {
    proxy.rewrite = (path) => path;
  }
}

/** Whether controllers say that each kind of watch was told that the past is gone. */
function hasListedAnew(log: string): boolean {
  const lines = log.split("\n").filter((line) => line.includes("listing anew"));
  return ["pods", "environments", "rolloutjobs"].every((plural) =>
    lines.some((line) => line.includes(`"resource":"${plural}"`)),
  );
}

async function slowEtcd({ whole: { plane } }: ClusterWorld): Promise<void> {
  for (let stops = 0; stops < 20; stops += 1) {
    plane.etcd.pause();
    await sleep(400);
    plane.etcd.resume();
    await sleep(100);
  }
}

async function killLeader(world: ClusterWorld): Promise<void> {
  (await leaderOf(world)).kill();
}

/** Whoever leads is killed, at random moments, for as long as much of the job is left. */
async function killLeadersOften(world: ClusterWorld, { job, countEnded }: RunningClusterJob): Promise<void> {
  const random = new SeededRandom(job.seed);
  for (let kills = 0; kills < MOST_KILLS && (await countEnded()) < job.rollouts * LATE_PART; kills += 1) {
    const leader = await leaderOf(world);
    await sleep(random.between(0, LONGEST_REIGN_MS));
    await nextLeader(world, () => leader.kill());
  }
}

async function endLeader(world: ClusterWorld): Promise<void> {
  (await leaderOf(world)).signal("SIGTERM");
}

/** Each of two, whose clocks differ, takes over from the other. */
async function endLeadersInTurn(world: ClusterWorld, running: RunningClusterJob): Promise<void> {
  for (let turns = 0; turns < 2; turns += 1) {
    const old = await leaderOf(world);
    await nextLeader(world, () => old.signal("SIGTERM"));
    await running.untilMoreEnded(BETWEEN_LEADERS);
  }
}

/** Past its lease, so that another leads by the time it goes on. */
async function stopLeader(world: ClusterWorld): Promise<void> {
  const old = await leaderOf(world);
  await nextLeader(world, () => old.signal("SIGSTOP"));
  await sleep(2000);
  old.signal("SIGCONT");
}

/** Ends the leadership of whoever leads by `end`, and waits until another start of a controller leads. */
async function nextLeader(world: ClusterWorld, end: () => void): Promise<void> {
  const before = await world.holder();
  end();
  await eventually(
    () => world.holder(),
    (holder) => holder !== "" && holder !== before,
    3 * LEASE_MS,
    POLL_MS,
  );
}

function leaderOf(world: ClusterWorld): Promise<Service> {
  return eventually(
    () => world.leader(),
    (leader) => leader !== null,
    3 * LEASE_MS,
    POLL_MS,
  ).then((leader) => leader ?? Promise.reject(new Error("nobody leads")));
}

async function setQuota({ whole: { client } }: ClusterWorld, running: RunningClusterJob): Promise<void> {
  const metadata = { name: "few-pods" };
  const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard: { pods: "2" } } };
  await client.create(QUOTAS, { namespace: NAMESPACE }, quota);
  const isHeldBack = async (): Promise<boolean> =>
    (await running.look()).status?.conditions?.some(
      ({ type, reason }) => type === "Backpressure" && reason === "Quota",
    ) ?? false;
  try {
    await eventually(isHeldBack, (isSo) => isSo, 60_000, POLL_MS);
  } finally {
    await client.delete(QUOTAS, { namespace: NAMESPACE, name: metadata.name });
  }
}

async function evictPods(world: ClusterWorld, running: RunningClusterJob): Promise<void> {
  for (const name of await heldPods(world, running)) {
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: NAMESPACE } };
    await world.whole.client.create(PODS, { namespace: NAMESPACE, name, subresource: "eviction" }, eviction);
  }
}

/** The pods here whose sandboxes rollouts of the job hold, those that have more to do with them last. */
async function heldPods(
  { kubelet, bus }: ClusterWorld,
  { uid }: RunningClusterJob,
): Promise<readonly string[]> {
  const retired = await gatherLeases({ bus, jobUid: uid });
  const isHeld = (sandbox = ""): boolean => retired.get(`rollyard.leases.${sandbox}`) === false;
  return (kubelet?.pods ?? []).filter((name) => isHeld(name.split("-").at(-1)));
}

/** Its machine is gone with it: what ran there does not answer any more. */
async function deleteNode(world: ClusterWorld): Promise<void> {
  const { kubelet } = world;
  if (kubelet === null) return;
  await kubelet.loseMachine();
  await world.whole.client.delete(NODES, { name: kubelet.node });
  // Longer than anybody waits for a node that is only late.
  await sleep(8000);
  await kubelet.makeNode();
}

async function missImages({ kubelet }: ClusterWorld): Promise<void> {
  kubelet?.refuseStarts({ reason: "ErrImagePull", message: "registry.example/chaos:1 was not found" });
  await sleep(15_000);
  kubelet?.refuseStarts(null);
}

async function conflict({ proxy }: ClusterWorld): Promise<void> {
  let writes = 0;
  proxy.intercept = ({ method, path }) => {
    if (method === "GET" || path.includes("/leases/")) return null;
    writes += 1;
    return writes % TENTH === 0 ? conflictAnswer() : null;
  };
  await sleep(15_000);
  proxy.intercept = () => null;
}

async function exhaustMemory(world: ClusterWorld, running: RunningClusterJob): Promise<void> {
  const end = { exitCode: 137, signal: 9, reason: "OOMKilled" };
  const names = (await heldPods(world, running)).slice(-FEW);
  for (const name of names) await world.kubelet?.endPod(name, end);
}

async function killSandboxes(world: ClusterWorld, running: RunningClusterJob): Promise<void> {
  const names = (await heldPods(world, running)).slice(-FEW);
  for (const name of names) world.kubelet?.killSandboxd(name);
}
