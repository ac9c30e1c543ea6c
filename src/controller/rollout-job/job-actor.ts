import type { Bus } from "../../bus/port.ts";
import { encodeAssets } from "../../config/snapshot-assets.ts";
import { loadSnapshot, storeSnapshot } from "../../config/snapshot.ts";
import { RollyardError, toRollyardError } from "../../errors/rollyard-error.ts";
import type { JobEnd } from "../../job/job-end.ts";
import type { JobIdentity } from "../../job/job-identity.ts";
import type { CountedOutcome } from "../../job/rebuild-ledger.ts";
import type { RolloutJobSpec } from "../../job/rollout-job.ts";
import { ROLLOUT_JOBS } from "../../kube/api-resources.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import { assertNever } from "../../lib/assert-never.ts";
import type { Clock } from "../../lib/clock.ts";
import { textOrUndefined } from "../../lib/half-valid.ts";
import type { Logger } from "../../lib/logger.ts";
import type { IdSource } from "../../rollout/ids.ts";
import { blocked } from "./blocked.ts";
import type { Blocked } from "./blocked.ts";
import type { SpecObject } from "../cached-custom-object.ts";
import { readJobSpec, trueCondition } from "./cached-job.ts";
import type { CachedJob } from "./cached-job.ts";
import { recordedIn } from "./cluster-status.ts";
import type { DispatchBoard } from "./dispatch-board.ts";
import { EnvironmentLoss } from "./environment-loss.ts";
import { JOB_FINALIZER, writeJobFinalizer } from "./finalizer.ts";
import type { JobEnvironments } from "./job-environments.ts";
import { loadRecord, secondsRun, storeRecord } from "../../job/job-record.ts";
import type { JobRecord, StoredRecord } from "../../job/job-record.ts";
import { loadRows, storeRows } from "./job-rows.ts";
import { planJob } from "./plan-job.ts";
import type { JobStep, JobView, RunnerMode } from "./plan-job.ts";
import { purgeJob } from "./purge-job.ts";
import type { DatasetDeps } from "./read-dataset.ts";
import { resolveReferences } from "./resolve-references.ts";
import { RunningJob, workedBy } from "./running-job.ts";

/** What acting on one job needs of the world. */
export interface JobActorDeps extends Pick<DatasetDeps, "downloads" | "maxDatasetMiB"> {
  readonly client: Pick<KubeClient, "get" | "patch" | "delete">;
  readonly bus: Bus;
  readonly environments: JobEnvironments;
  readonly board: DispatchBoard;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly onOutcome: (job: JobIdentity, counted: CountedOutcome) => void;
  /** The job has to be looked at again. */
  readonly onChange: (key: string) => void;
}

/** What follows a step: look and plan again, or come back after a while, or when the object has changed. */
type StepEnd = { readonly next: "plan" } | { readonly next: "wait"; readonly againAfterMs: number | null };

const PLAN: StepEnd = { next: "plan" };
const WAIT: StepEnd = { next: "wait", againAfterMs: null };
/** What a job waits for may come without a word to us. */
const BLOCKED_MS = 5000;
/** What is behind a url is downloaded whole each time. */
const BLOCKED_URL_MS = 60_000;
/** Should the cache not tell of what we wrote, we look by ourselves. */
const LATE_CACHE_MS = 5000;

/** All that this process knows and does of one RolloutJob object; a namesake that is made later has its own. */
export class JobActor {
  /** `namespace/name` of its object. */
  readonly key: string;
  readonly #deps: JobActorDeps;
  readonly #busUid: string;
  #stored: StoredRecord | null = null;
  #isRecordRead = false;
  #running: RunningJob | null = null;
  #blocked: Blocked | null = null;
  #lost: string | null = null;
  readonly #loss = new EnvironmentLoss();

  constructor(deps: JobActorDeps, { key, busUid }: Pick<CachedJob, "key" | "busUid">) {
    this.#deps = deps;
    this.key = key;
    this.#busUid = busUid;
  }

  get running(): RunningJob | null {
    return this.#running;
  }

  get record(): JobRecord | null {
    return this.#stored?.record ?? null;
  }

  /** Why it can't begin; null when nothing keeps it. */
  get blocked(): Blocked | null {
    return this.#blocked;
  }

  /** What the streams lack; null while they hold what they held. */
  get lost(): string | null {
    return this.#lost;
  }

  /** Takes steps until there is nothing more to do now; resolves with the time after which to look again, or null. */
  async act(job: CachedJob): Promise<number | null> {
    if (job.finalizers.includes(JOB_FINALIZER)) await this.readRecord(job);
    let end: StepEnd = PLAN;
    while (end.next === "plan") {
      await this.#noteState(job);
      await this.#noteLoss(job);
      end = await this.#take(job, planJob(this.#view(job), this.#deps.clock.nowMs()));
    }
    return end.againAfterMs;
  }

  /** Learns what the job was begun with, and holds its environment. Rejects with `bus_unavailable`. */
  async readRecord(job: CachedJob): Promise<void> {
    if (this.#isRecordRead) return;
    this.#stored = await this.#loadRecord(job);
    this.#isRecordRead = true;
    const { record } = this;
    if (record !== null && !hasEnded(job)) {
      this.#deps.environments.hold(record.environmentUid, job.busUid, job.name);
    }
    const wasStarted = textOrUndefined(job.status["startTime"]) !== undefined;
    if (record === null && wasStarted && !hasEnded(job)) {
      this.#lost =
        "The streams hold nothing of this job, which had begun. Nothing is run; delete it, or restore them.";
    }
  }

  /** One that can't be read keeps a job from running, and not from leaving. */
  async #loadRecord({ namespace, busUid, isDeleting }: CachedJob): Promise<StoredRecord | null> {
    try {
      return await loadRecord(this.#deps.bus, { namespace, jobUid: busUid });
    } catch (error) {
      if (isDeleting && ["log_corrupt", "other_version"].includes(toRollyardError(error).code)) return null;
      throw error;
    }
  }

  /** Leaves everything as it is; the next leader goes on. */
  async stop(): Promise<void> {
    await this.#running?.stop();
  }

  /** The object is gone, and nobody may go on. */
  async forget(): Promise<void> {
    await this.#endRunner();
    const { record } = this;
    if (record !== null) this.#deps.environments.letGo(record.environmentUid, this.#busUid);
  }

  #view(job: CachedJob): JobView {
    return {
      isDeleting: job.isDeleting,
      hasFinalizer: job.finalizers.includes(JOB_FINALIZER),
      ...wishesOf(job),
      endedAtMs: endTime(job),
      isRecordLost: this.#lost !== null || trueCondition(job.status, "RecordLost") !== undefined,
      isStarted: this.#stored !== null,
      isPaused: this.record?.runsSinceMs === null,
      runner: this.#mode(),
      isCurrent: this.#isCurrent(job),
    };
  }

  #isCurrent({ spec }: CachedJob): boolean {
    const running = this.#running;
    return running === null || !spec.ok || workedBy(spec.value) === workedBy(running.job.spec);
  }

  #mode(): RunnerMode {
    if (this.#running === null) return "none";
    return this.#running.state.kind === "ended" ? "ended" : this.#running.job.mode;
  }

  /** What has become of the runner since the last look. */
  async #noteState(job: CachedJob): Promise<void> {
    const state = this.#running?.state;
    if (state === undefined || state.kind === "working") return;
    if (state.kind === "ended") return this.#noteEnd(job, state.end);
    await this.#endRunner();
    if (state.kind === "broken") throw state.error;
    if (state.kind === "lost") {
      const { found_rollouts: found, recorded_rollouts: recorded } = state.error.details;
      this.#lost =
        `The streams hold the ends of ${String(found)} rollouts, the status counted ${String(recorded)}: they were removed or ` +
        "damaged. Nothing more is run; restore them and delete this condition's job, or start another.";
      this.#deps.logger.error("record of a job lost", { job: job.key });
    }
    if (state.kind === "suspended") await this.#store(job, this.#paused());
  }

  async #noteLoss(job: CachedJob): Promise<void> {
    const { record } = this;
    if (record === null || record.end !== null || this.#mode() !== "runs") return;
    const { environments, clock } = this.#deps;
    const sight = environments.look(job.namespace, record.environmentName);
    const end = this.#loss.endOf(sight, record, clock.monotonicMs());
    if (end === null) return;
    await this.#noteEnding(job, end);
    await this.#endRunner();
  }

  async #noteEnd(job: CachedJob, end: JobEnd): Promise<void> {
    const { record } = this;
    if (record === null || record.endedAtMs !== null) return;
    await this.#store(job, { ...record, end, endedAtMs: this.#deps.clock.nowMs() });
  }

  async #take(job: CachedJob, step: JobStep): Promise<StepEnd> {
    const { client } = this.#deps;
    switch (step.kind) {
      case "add_finalizer":
        await writeJobFinalizer(client, job, true);
        return { next: "wait", againAfterMs: LATE_CACHE_MS };
      case "start":
        return this.#start(job);
      case "run":
      case "watch":
        return this.#run(job, step.kind === "run" ? "runs" : "watches");
      case "suspend":
        await this.#running?.suspend();
        return PLAN;
      case "stop_runner":
        await this.#endRunner();
        if (hasEnded(job)) await this.forget();
        return PLAN;
      case "purge":
        return this.#purge(job);
      case "expire":
        await client.delete(ROLLOUT_JOBS, placeOf(job), { preconditions: { uid: job.uid } });
        return { next: "wait", againAfterMs: LATE_CACHE_MS };
      case "rest":
        return { next: "wait", againAfterMs: step.againAfterMs };
      default:
        return assertNever(step);
    }
  }

  async #start(job: CachedJob): Promise<StepEnd> {
    if (!job.spec.ok) return this.#isBlocked(blocked("SpecInvalid", "SpecInvalid", job.spec.message));
    const { bus, clock, environments, logger } = this.#deps;
    const spec = await this.#wholeSpec(job);
    if (spec === null) return WAIT;
    const { name: environmentName } = spec.environmentRef;
    const { namespace, name, busUid } = job;
    const sight = environments.look(namespace, environmentName);
    const found = await resolveReferences(this.#deps, { namespace, name, busUid, spec }, sight);
    if (found.kind === "awaited") return WAIT;
    if (found.kind === "blocked") return this.#isBlocked(found, retryMs(spec, found));
    const { environment, rows, graderAssets } = found;
    environments.hold(environment.uid, busUid, name);
    const now = environments.look(namespace, environmentName);
    if (now.kind !== "ready" || now.environment.uid !== environment.uid || now.environment.isTerminating) {
      // It went while the rows were read.
      environments.letGo(environment.uid, busUid);
      return PLAN;
    }
    const names = { namespace, jobName: name, environmentName };
    const snapshot = { ...names, job: spec, environment: environment.spec, ...encodeAssets(graderAssets) };
    const startedAtMs = clock.nowMs();
    await this.#store(job, {
      rows: await storeRows(bus, busUid, rows),
      specHash: await storeSnapshot(bus, busUid, snapshot),
      environmentUid: environment.uid,
      environmentName,
      startedAtMs,
      earlierSeconds: 0,
      runsSinceMs: startedAtMs,
      end: null,
      endedAtMs: null,
    });
    this.#blocked = null;
    logger.info("job started", { job: job.key, job_uid: busUid, rows: rows.length });
    return PLAN;
  }

  #isBlocked(found: Blocked, againAfterMs = BLOCKED_MS): StepEnd {
    this.#blocked = found;
    return { next: "wait", againAfterMs };
  }

  /** With the rows that the cache leaves out; null when the object is another one by now. */
  async #wholeSpec(job: CachedJob) {
    if (!job.spec.ok) return null;
    if (job.spec.value.dataset.inline === undefined) return job.spec.value;
    const object = await this.#deps.client.get<SpecObject>(ROLLOUT_JOBS, placeOf(job));
    if (object?.metadata.uid !== job.uid) return null;
    const read = readJobSpec(object.spec);
    return read.ok ? read.value : null;
  }

  async #run(job: CachedJob, mode: "runs" | "watches"): Promise<StepEnd> {
    const { record } = this;
    if (record === null || !job.spec.ok) return WAIT;
    const { bus, clock } = this.#deps;
    const { environment } = await loadSnapshot(bus, record.specHash);
    const rows = await loadRows(bus, job.busUid, record.rows);
    const nowMs = clock.nowMs();
    if (mode === "runs" && record.runsSinceMs === null) {
      await this.#store(job, { ...record, runsSinceMs: nowMs });
    }
    const identity = identityOf(job, record);
    const recorded = recordedIn(job.status);
    this.#running = new RunningJob(
      {
        ...this.#deps,
        onOutcome: (counted) => this.#deps.onOutcome(identity, counted),
        onEnding: (end) => this.#noteEnding(job, end),
        onChange: () => this.#deps.onChange(job.key),
      },
      {
        identity,
        spec: job.spec.value,
        environment,
        rows,
        mode,
        earlierSeconds: secondsRun(record, nowMs),
        ending: record.end?.condition === "Failed" ? record.end : null,
        ...(recorded === undefined ? {} : { recorded }),
      },
    );
    this.#running.start();
    return PLAN;
  }

  /** Before anything is cancelled: whoever comes after a crash must not take the cancelled rollouts for another end. */
  async #noteEnding(job: CachedJob, end: JobEnd): Promise<void> {
    const { record } = this;
    if (record !== null && record.end === null) await this.#store(job, { ...record, end });
  }

  #paused(): JobRecord {
    const { record } = this;
    if (record === null)
      throw new RollyardError("internal", { details: { reason: "a job without its record" } });
    const earlierSeconds = secondsRun(record, this.#deps.clock.nowMs());
    return { ...record, earlierSeconds, runsSinceMs: null };
  }

  async #purge(job: CachedJob): Promise<StepEnd> {
    const { bus, client, logger } = this.#deps;
    const { namespace, busUid } = job;
    await this.#endRunner();
    const specHash = this.record?.specHash ?? null;
    await purgeJob(bus, { namespace, jobUid: busUid, specHash });
    await this.forget();
    await writeJobFinalizer(client, job, false);
    logger.info("job purged", { job: job.key, job_uid: busUid });
    return { next: "wait", againAfterMs: LATE_CACHE_MS };
  }

  async #endRunner(): Promise<void> {
    const running = this.#running;
    await running?.stop();
    if (this.#running === running) this.#running = null;
  }

  async #store({ namespace, busUid }: CachedJob, record: JobRecord): Promise<void> {
    const { bus } = this.#deps;
    const sequence = this.#stored?.sequence ?? 0;
    try {
      this.#stored = await storeRecord(bus, { namespace, jobUid: busUid }, { record, sequence });
    } catch (error) {
      // It may be there all the same: it is read again before anything else is done.
      this.#isRecordRead = false;
      throw error;
    }
  }
}

function retryMs({ dataset }: RolloutJobSpec, { condition }: Blocked): number {
  const isAboutRows = condition === "DatasetInvalid" || condition === "DatasetNotFound";
  return isAboutRows && dataset.url !== undefined ? BLOCKED_URL_MS : BLOCKED_MS;
}

/** The whole UID is random, and only the API server's users know it: trace ids can't be guessed from it. */
function identityOf({ namespace, name, busUid, uid }: CachedJob, record: JobRecord): JobIdentity {
  const { environmentUid, specHash } = record;
  return { namespace, jobName: name, jobUid: busUid, environmentUid, specHash, traceSeed: uid };
}

/** Whether its status says its last word. */
export function hasEnded({ status }: CachedJob): boolean {
  return trueCondition(status, "Complete") !== undefined || trueCondition(status, "Failed") !== undefined;
}

/** When it ended; null while its status does not say so. */
function endTime({ status }: CachedJob): number | null {
  const end = trueCondition(status, "Complete") ?? trueCondition(status, "Failed");
  if (end === undefined) return null;
  return Date.parse(textOrUndefined(status["completionTime"]) ?? end.lastTransitionTime);
}

/** A spec that can't be read is not run. */
function wishesOf({ spec }: CachedJob): Pick<JobView, "suspend" | "ttlSeconds"> {
  if (!spec.ok) return { suspend: false, ttlSeconds: null };
  return { suspend: spec.value.suspend, ttlSeconds: spec.value.ttlSecondsAfterFinished ?? null };
}

function placeOf({ namespace, name }: CachedJob): { readonly namespace: string; readonly name: string } {
  return { namespace, name };
}
