import type { StreamName, WorkKind } from "./streams.ts";

/** The parts of a rollout's subjects. Tokens are made by us: a namespace is a DNS label, a job UID 12 hex digits. */
export interface RolloutSubjectParts {
  readonly namespace: string;
  readonly jobUid: string;
  readonly itemIndex: number;
  readonly sampleIndex: number;
}

/** A hosted trainer's traces have no job: in its place they have this and the UID of their environment. */
const TRACE_OWNER = "t";

/** What stands for the job in the subjects of an environment's traces. */
export function traceOwner(environmentUid: string): string {
  return `${TRACE_OWNER}${environmentUid}`;
}

/** The environment whose traces a job UID stands for; null for a job's. UIDs are hex digits, so that none looks like it. */
export function tracedEnvironment(jobUid: string): string | null {
  return jobUid.startsWith(TRACE_OWNER) ? jobUid.slice(TRACE_OWNER.length) : null;
}

/** Whose blobs a rollout's large texts are: its job's, or a trace's own, for traces leave one by one. */
export function blobOwner(parts: RolloutSubjectParts): string {
  const { jobUid } = parts;
  return tracedEnvironment(jobUid) === null ? jobUid : `${jobUid}-${rolloutToken(parts)}`;
}

/** `<item>-<sample>`, the rollout's token. */
export function rolloutToken(parts: Pick<RolloutSubjectParts, "itemIndex" | "sampleIndex">): string {
  return `${parts.itemIndex}-${parts.sampleIndex}`;
}

/** Subject of the one work slot of an attempt. */
export function workSubject(kind: WorkKind, parts: RolloutSubjectParts, attempt: number): string {
  return `rollyard.work.${kind}.${parts.namespace}.${parts.jobUid}.${rolloutToken(parts)}.${attempt}`;
}

/** Subject filter over all work of a kind, or of one job. */
export function workFilter(kind: WorkKind, job?: { namespace: string; jobUid: string }): string {
  return job === undefined
    ? `rollyard.work.${kind}.>`
    : `rollyard.work.${kind}.${job.namespace}.${job.jobUid}.>`;
}

/** Subject of a rollout's event log; a trace's is under a root of its own, for gateways write there and nowhere else. */
export function eventsSubject(parts: RolloutSubjectParts): string {
  const environment = tracedEnvironment(parts.jobUid);
  const [root, owner] = environment === null ? ["events", parts.jobUid] : ["traces", environment];
  return `rollyard.${root}.${parts.namespace}.${owner}.${rolloutToken(parts)}`;
}

/** Subject filter over the event logs of an environment's traces. */
export function tracesFilter(environment: { namespace: string; environmentUid: string }): string {
  return `rollyard.traces.${environment.namespace}.${environment.environmentUid}.*`;
}

/** Reads the subject of a trace's event log back; null when it is none. */
export function parseTraceSubject(subject: string): RolloutSubjectParts | null {
  const match = /^rollyard\.traces\.([^.]+)\.([^.]+)\.(\d+)-(\d+)$/u.exec(subject);
  if (match === null) return null;
  const [, namespace = "", environmentUid = "", item, sample] = match;
  const place = { itemIndex: Number(item), sampleIndex: Number(sample) };
  return { namespace, jobUid: traceOwner(environmentUid), ...place };
}

/** Subject in the bucket of what a served environment is at present. */
export function servedSubject(environment: { namespace: string; name: string }): string {
  return specSubject(`served.${environment.namespace}.${environment.name}`);
}

/** Subject of a rollout's chain of outcomes. */
export function outcomesSubject(parts: RolloutSubjectParts): string {
  return `rollyard.outcomes.${parts.namespace}.${parts.jobUid}.${rolloutToken(parts)}`;
}

/** Subject filter over a job's outcomes. */
export function outcomesFilter(job: { namespace: string; jobUid: string }): string {
  return `rollyard.outcomes.${job.namespace}.${job.jobUid}.*`;
}

/** Subject that says who holds a sandbox. */
export function leaseSubject(sandboxUid: string): string {
  return `rollyard.leases.${sandboxUid}`;
}

/** Subject filter over all blobs of an owner. */
export function blobsFilter(owner: string): string {
  return `rollyard.blobs.${owner}.>`;
}

/** Subject of one chunk of a blob. */
export function blobSubject(jobUid: string, sha256: string, chunk: number): string {
  return `rollyard.blobs.${jobUid}.${sha256}.${chunk}`;
}

/** Subject that says which blobs, one after the other, are an uploaded file of that SHA-256. */
export function uploadSubject(jobUid: string, sha256: string): string {
  return `rollyard.blobs.${jobUid}.${sha256}.upload`;
}

/** Broadcast subject on which a gateway says that a job's rows were uploaded. */
export function uploadedSubject(job: { namespace: string; jobUid: string }): string {
  return `rollyard.uploaded.${job.namespace}.${job.jobUid}`;
}

/** Subject of a spec snapshot in the bucket. */
export function specSubject(hash: string): string {
  return `$KV.rollyard-specs.${hash}`;
}

/** Request subject on which the broker answers claims. */
export function claimSubject(namespace: string, environmentUid: string): string {
  return `rollyard.claims.${namespace}.${environmentUid}`;
}

/** Request subject of one worker: does it drive this attempt? */
export function driverSubject(workerId: string): string {
  return `rollyard.driver.${workerId}`;
}

/** Subject on which a worker says how many slots it has. */
export function slotsSubject(workerId: string): string {
  return `rollyard.slots.${workerId}`;
}

/** Subject on which a service says that a stream answers nothing; `*`: whatever stream. */
export function silentSubject(stream: StreamName | "*"): string {
  return `rollyard.silent.${stream}`;
}

/** Request subject for the secrets that a spec names. */
export function secretsSubject(namespace: string): string {
  return `rollyard.secrets.${namespace}`;
}

/** Broadcast subject for notices about a job. */
export function controlSubject(jobUid: string): string {
  return `rollyard.control.${jobUid}`;
}

/** Reads a work subject back; null when it is none of ours. */
export function parseWorkSubject(
  subject: string,
): ({ kind: WorkKind; attempt: number } & RolloutSubjectParts) | null {
  const match = /^rollyard\.work\.(rollout|grade|settle)\.([^.]+)\.([^.]+)\.(\d+)-(\d+)\.(\d+)$/u.exec(
    subject,
  );
  if (match === null) return null;
  const [, kind, namespace = "", jobUid = "", item, sample, attempt] = match;
  return {
    kind: kind as WorkKind,
    namespace,
    jobUid,
    itemIndex: Number(item),
    sampleIndex: Number(sample),
    attempt: Number(attempt),
  };
}
