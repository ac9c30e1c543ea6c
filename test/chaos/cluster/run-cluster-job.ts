import type { KubeObject } from "../../../src/kube/kube-object.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { gather, gatherLeases } from "../checker/gather.ts";
import type { Gathered } from "../checker/gather.ts";
import type { Finding } from "../checker/finding.ts";
import { MAX_ATTEMPTS } from "../world/job.ts";
import { leftoversOfNode } from "./leftovers-of-node.ts";
import { writeRecords } from "./write-records.ts";
import { checkCluster } from "./check-cluster.ts";
import type { ClusterEvidence, SeenPod, SeenStatus } from "./check-cluster.ts";
import { behaviourOfJob, environmentObject, jobObject } from "./cluster-job.ts";
import type { ClusterJob } from "./cluster-job.ts";
import type { ClusterWorld, WorldModel } from "./cluster-world.ts";

/** What is asked of a job while it runs. */
export interface RunningClusterJob {
  readonly uid: string;
  readonly job: ClusterJob;
  /** Rollouts that have an outcome. */
  countEnded(): Promise<number>;
  /** Resolves when so many rollouts have an outcome. */
  untilEnded(rollouts: number): Promise<void>;
  /** Resolves when so many more have one than now. */
  untilMoreEnded(rollouts: number): Promise<void>;
  /** The object as it is now. */
  look(): Promise<JobObject>;
}

/** A RolloutJob, as far as tests look at it. */
export interface JobObject extends KubeObject {
  readonly status?: SeenStatus & {
    readonly conditions?: readonly Condition[];
  };
}

interface PodObject extends KubeObject {
  readonly status?: { readonly conditions?: readonly Pick<Condition, "type" | "status">[] };
}

/** A condition of an object. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** How a job ended, and what is wrong with what it left. */
export interface ClusterJobEnd {
  readonly job: JobObject;
  readonly seen: ClusterEvidence;
  readonly findings: readonly Finding[];
}

const NAMESPACE = "default";
const JOBS = { group: "rollyard.dev", version: "v1alpha1", plural: "rolloutjobs" };
const PODS = { group: "", version: "v1", plural: "pods" };
const SANDBOX_LABEL = "rollyard.dev/sandbox";
const END_MS = 300_000;
const LATENCY_MS = 100;
const SETTLE_MS = 60_000;
/** Whoever looks more often keeps the machine from its work. */
const POLL_MS = 500;

/** Applies a job with its environment and its model, lets `during` do what it does, and checks what the job left. */
export async function runClusterJob(
  world: ClusterWorld,
  job: ClusterJob,
  {
    during = async () => undefined,
    sandboxdKills = 0,
  }: {
    readonly during?: (running: RunningClusterJob) => Promise<void>;
    readonly sandboxdKills?: number;
  } = {},
): Promise<ClusterJobEnd> {
  const { latencyMs = LATENCY_MS } = job;
  const model = await world.startModel({ behaviour: behaviourOfJob(job), latencyMs, troublePercent: 0 });
  try {
    await world.kubectl(["apply", "-f", "-"], environmentObject(job, model.origin));
    await world.kubectl(["create", "-f", "-"], jobObject(job, model.origin));
    const running = await watched(world, job);
    await during(running);
    const ended = await withWords(world, () =>
      eventually(() => lookPatiently(running), isComplete, END_MS, POLL_MS),
    );
    const pods = await settledPods(world, job, running.uid);
    const { gathered, isRecorded } = await gatherJob(world, model, running);
    const left = await removeJob(world, job, running.uid);
    const evidence = {
      ...gathered,
      behaviour: behaviourOfJob(job),
      rollouts: job.rollouts,
      maxAttempts: MAX_ATTEMPTS,
      sandboxdKills,
      leftovers: await leftoversOfNode(world),
    };
    const status = ended?.status ?? NO_STATUS;
    const seen = { evidence, isRecorded, pods, warmReplicas: job.warmReplicas ?? 0, status };
    return { job: ended ?? NO_JOB, seen, findings: [...checkCluster(seen), ...left] };
  } finally {
    await model.stop();
  }
}

/** Streams, the model's own account, and the results as a user gets them. */
async function gatherJob(
  world: ClusterWorld,
  model: WorldModel,
  { uid, job }: RunningClusterJob,
): Promise<{ readonly gathered: Gathered; readonly isRecorded: boolean }> {
  const resultsFolder = await withWords(world, () => writeRecords(world, job.name));
  const gathered = await gather({
    bus: world.bus,
    samplesPerItem: 1,
    resultsFolder: resultsFolder ?? world.folder,
    modelLog: model.log,
    toolLog: job.sandboxes === "none" ? model.tools : null,
    jobUid: uid,
  });
  return { gathered, isRecorded: resultsFolder !== null };
}

const NO_STATUS: SeenStatus = {
  rollouts: { total: -1, pending: -1, active: -1, grading: -1, graded: -1, failed: -1 },
};

const NO_JOB: JobObject = { metadata: { name: "", uid: "", resourceVersion: "" } };

/** Deletes the objects; what the job still has on the bus then, and the environment's pods, are findings. */
async function removeJob(world: ClusterWorld, job: ClusterJob, uid: string): Promise<readonly Finding[]> {
  const command = ["-n", NAMESPACE, "delete", "--timeout=60s"];
  await withWords(world, () => world.kubectl([...command, "rolloutjob", job.name]));
  await withWords(world, () => world.kubectl([...command, "environment", job.environment]));
  const findings: Finding[] = [];
  for (const stream of ["work", "events", "outcomes", "blobs"] as const) {
    let count = 0;
    for await (const { subject } of world.bus.read(stream)) if (subject.includes(`.${uid}.`)) count += 1;
    if (count > 0)
      findings.push({ kind: "invented", what: `${count} messages in ${stream} outlive their job` });
  }
  const pods = await eventually(
    () => listPods(world, job),
    (found) => found.length === 0,
    SETTLE_MS,
    POLL_MS,
  ).catch(() => listPods(world, job));
  for (const { name } of pods)
    findings.push({ kind: "leaked sandboxes", what: `pod ${name} outlives its environment` });
  return findings;
}

/** Whether a condition is True. */
export function isTrue(job: JobObject | null, type: string): boolean {
  return job?.status?.conditions?.some((each) => each.type === type && each.status === "True") ?? false;
}

function isComplete(job: JobObject | null): boolean {
  return isTrue(job, "Complete") || isTrue(job, "Failed");
}

/** Null while the API server can't say. */
function lookPatiently(running: RunningClusterJob): Promise<JobObject | null> {
  return running.look().catch(() => null);
}

async function watched(world: ClusterWorld, job: ClusterJob): Promise<RunningClusterJob> {
  const look = async (): Promise<JobObject> => {
    const found = await world.whole.client.get<JobObject>(JOBS, { namespace: NAMESPACE, name: job.name });
    if (found === null) throw new Error(`the job ${job.name} is gone`);
    return found;
  };
  const uid = busUid((await look()).metadata.uid);
  const countEnded = (): Promise<number> => countOutcomes(world, uid);
  const untilEnded = async (rollouts: number): Promise<void> => {
    await withWords(world, () => eventually(countEnded, (count) => count >= rollouts, END_MS, POLL_MS));
  };
  const untilMoreEnded = async (rollouts: number): Promise<void> =>
    untilEnded(Math.min(job.rollouts, rollouts + (await countEnded())));
  return { uid, job, look, countEnded, untilEnded, untilMoreEnded };
}

/** The first twelve digits of an object's UID: its name on the bus. */
function busUid(uid: string): string {
  return uid.replaceAll("-", "").slice(0, 12);
}

async function countOutcomes(world: ClusterWorld, uid: string): Promise<number> {
  const subjects = new Set<string>();
  // A controller makes the streams once it leads.
  if ((await world.bus.state("outcomes")) === null) return 0;
  for await (const { subject } of world.bus.read("outcomes")) {
    if (subject.split(".").at(-2) === uid) subjects.add(subject);
  }
  return subjects.size;
}

/** The environment's pods once what it keeps ready is ready, nothing is beside it, and no lease of the job's is left. */
async function settledPods(
  world: ClusterWorld,
  job: ClusterJob,
  jobUid: string,
): Promise<readonly SeenPod[]> {
  const look = async (): Promise<{ readonly pods: readonly SeenPod[]; readonly leased: number }> => {
    const retired = await gatherLeases({ bus: world.bus, jobUid });
    const leased = [...retired.values()].filter((isRetired) => !isRetired).length;
    return { pods: await listPods(world, job), leased };
  };
  const isSettled = ({ pods, leased }: Awaited<ReturnType<typeof look>>): boolean =>
    leased === 0 && pods.every(({ isReady }) => isReady) && pods.length === (job.warmReplicas ?? 0);
  // What has not gone by then is a finding.
  await eventually(look, isSettled, SETTLE_MS, POLL_MS).catch(() => undefined);
  return listPods(world, job);
}

async function listPods(world: ClusterWorld, job: ClusterJob): Promise<readonly SeenPod[]> {
  const labelSelector = `rollyard.dev/environment=${job.environment}`;
  const list = await world.whole.client.list<PodObject>(PODS, { namespace: NAMESPACE }, { labelSelector });
  return (list?.items ?? []).map(({ metadata, status }) => ({
    name: metadata.name,
    sandboxUid: metadata.labels?.[SANDBOX_LABEL] ?? "",
    isReady: status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") ?? false,
    isDeleted: metadata.deletionTimestamp !== undefined,
  }));
}

/** What the services said last is the best reason that there is. */
async function withWords<T>(world: ClusterWorld, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const text = error instanceof Error ? error.message : "failed";
    throw new Error(`${text}\n${await world.lastWords()}`, { cause: error });
  }
}
