import type { Bus, Subscription } from "../../bus/port.ts";
import { tracedEnvironment } from "../../bus/subjects.ts";
import type { FetchDataset } from "../../config/fetch-dataset.ts";
import { untilAnswered } from "../../grader/patience.ts";
import { hearWorkers } from "../../job/hear-workers.ts";
import type { JobIdentity } from "../../job/job-identity.ts";
import type { CountedOutcome } from "../../job/rebuild-ledger.ts";
import { settleLoop } from "../../job/settle-loop.ts";
import type { WorkerRoster } from "../../job/worker-roster.ts";
import { ROLLOUT_JOBS } from "../../kube/api-resources.ts";
import { ObjectStore } from "../../kube/cache/object-store.ts";
import type { StoreChange } from "../../kube/cache/object-store.ts";
import { Reflector } from "../../kube/cache/reflector.ts";
import type { EventRecorder } from "../../kube/control/event-recorder.ts";
import { StatusWriter } from "../../kube/control/status-writer.ts";
import { WorkQueue } from "../../kube/control/work-queue.ts";
import type { WorkQueueObserver } from "../../kube/control/work-queue.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import { objectKey } from "../../kube/kube-object.ts";
import type { KubeTransport } from "../../kube/transport/kube-transport.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import type { AttemptRef } from "../../rollout/attempt-ref.ts";
import type { IdSource } from "../../rollout/ids.ts";
import { serveReleases } from "../../sandbox/sandbox-releases.ts";
import type { Purpose } from "../../sandbox/purpose.ts";
import type { SandboxNeed } from "../../sandbox/sandbox-need.ts";
import { noMetrics } from "../../telemetry/metrics-port.ts";
import type { OutcomeMetrics } from "../../telemetry/metrics-port.ts";
import { cachedJob } from "./cached-job.ts";
import type { CachedJob } from "./cached-job.ts";
import { DatasetDownloads } from "./dataset-downloads.ts";
import { DispatchBoard } from "./dispatch-board.ts";
import type { SharingRules } from "./dispatch-board.ts";
import { FoundReleases } from "./found-releases.ts";
import { hasEnded, JobActor } from "./job-actor.ts";
import type { SandboxPressure } from "./job-conditions.ts";
import type { JobEnvironments } from "./job-environments.ts";
import { sandboxSpecFor } from "../../sandbox/sandbox-spec-for.ts";
import { JobTelling } from "./job-telling.ts";
import type { RunningJob } from "./running-job.ts";
import { UidSweeper } from "./uid-sweeper.ts";

/** What the RolloutJobs of a cluster are kept with. */
export interface RolloutJobsOptions {
  readonly client: KubeClient;
  readonly transport: KubeTransport;
  readonly bus: Bus;
  readonly environments: JobEnvironments;
  readonly rules: SharingRules;
  /** The workers that this process has heard of, also before it led. */
  readonly roster: WorkerRoster;
  /** Only jobs of this namespace are looked at; undefined for all. */
  readonly watchNamespace?: string | undefined;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics?: OutcomeMetrics;
  readonly observer?: WorkQueueObserver;
  readonly fetchDataset: FetchDataset;
  /** Most MiB of an uploaded dataset. */
  readonly maxDatasetMiB: number;
  /** Why no sandbox of an environment starts though nothing has failed; null while they do. */
  readonly pressureOf?: (environmentUid: string) => SandboxPressure | null;
}

const CONCURRENCY = 8;
/** A job that runs is looked at, and its status written, once a second. */
const LOOK_MS = 1000;
const EVERY_ENVIRONMENT = { namespace: "*", environmentUid: "*" };

/** All RolloutJobs of a cluster: who runs them, shares the workers among them, settles, and tells of them. */
export class RolloutJobs {
  readonly #options: RolloutJobsOptions;
  readonly #jobs = new ObjectStore<CachedJob, "uid" | "environment">({
    uid: ({ busUid }) => [busUid],
    environment: ({ namespace, spec }) =>
      spec.ok ? [objectKey({ namespace, name: spec.value.environmentRef.name })] : [],
  });
  readonly #queue: WorkQueue;
  readonly #board: DispatchBoard;
  readonly #telling: JobTelling;
  readonly #releases: FoundReleases;
  readonly #downloads: DatasetDownloads;
  /** By the object's uid. */
  readonly #actors = new Map<string, JobActor>();
  /** Stream sequence up to which outcomes were counted before, here or by an earlier leader. */
  #countedTo = 0;
  #isBusDown = false;
  #subscriptions: readonly Subscription[] = [];
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: RolloutJobsOptions) {
    this.#options = options;
    const { client, clock, logger, observer, environments, events, rules, roster } = options;
    this.#queue = new WorkQueue({
      clock,
      logger,
      name: "rollout_job",
      ...(observer === undefined ? {} : { observer }),
    });
    this.#board = new DispatchBoard(rules, () => roster.slots());
    this.#telling = new JobTelling({
      status: new StatusWriter({ client, resource: ROLLOUT_JOBS, clock }),
      events,
      clock,
      pressureOf: options.pressureOf ?? (() => null),
      isBusDown: () => this.#isBusDown,
      throttled: () => options.roster.all().flatMap(({ throttledEndpoints }) => throttledEndpoints),
    });
    this.#releases = new FoundReleases((environmentUid, ref) => environments.release(environmentUid, ref));
    this.#downloads = new DatasetDownloads(options.fetchDataset, (busUid) => {
      for (const { key } of this.#jobs.find("uid", busUid)) this.#queue.add(key);
    });
    this.#jobs.listen((change) => this.#onJob(change));
    environments.onChange((namespace, name) => this.#onEnvironment(objectKey({ namespace, name })));
    options.bus.onStatus((status) => {
      this.#isBusDown = status === "disconnected";
    });
  }

  /** Keys that wait to be looked at. */
  get queueDepth(): number {
    return this.#queue.depth;
  }

  /**
   * Fills the cache, learns which jobs run, and begins to work; resolves once every environment that is in use is held.
   * Works until the signal aborts.
   */
  async start(signal: AbortSignal): Promise<void> {
    const { bus, environments, clock, roster } = this.#options;
    this.#countedTo = (
      await untilAnswered(() => bus.streamState("outcomes"), { clock, signal })
    ).lastSequence;
    this.#subscriptions = [
      await hearWorkers(bus, roster, () => this.#board.changed()),
      await bus.listen("rollyard.uploaded.*.*", (_payload, subject) => this.#onUploaded(subject)),
      await serveReleases(bus, EVERY_ENVIRONMENT, (ref) => this.#runningOf(ref.jobUid)?.released(ref)),
    ];
    const reflector = this.#reflector();
    const mirror = reflector.run(signal);
    await Promise.race([reflector.untilSynced(), mirror]);
    for (const job of this.#jobs.all()) {
      if (job.isDeleting || hasEnded(job)) continue;
      await untilAnswered(() => this.#actor(job).readRecord(job), { clock, signal });
    }
    environments.holdsAreKnown();
    const settling = settleLoop(this.#settleDeps(signal), signal);
    const work = this.#queue.run((key) => this.#reconcile(key), CONCURRENCY, signal);
    this.#running = Promise.all([mirror, settling, work, this.#sweeper().run(signal)]);
  }

  /** To be called once the signal of {@link start} has aborted: everything stays as it is for the next leader. */
  async stop(): Promise<void> {
    await this.#running;
    await Promise.all(this.#subscriptions.map((subscription) => subscription.stop()));
    await Promise.all([...this.#actors.values()].map((actor) => actor.stop()));
    await this.#options.events.flush();
  }

  /**
   * The sandbox that an attempt, or its grader, needs by the environment as it was at the job's start; null for a job that
   * does not run here.
   */
  needOf(ref: AttemptRef, purpose: Purpose): SandboxNeed | null {
    const job = this.#runningOf(ref.jobUid)?.job;
    const row = job?.rows[ref.itemIndex];
    if (job === undefined || row === undefined) return null;
    const { priorityClassName, queueName } = job.spec;
    const { recovery } = job.environment;
    const spec = sandboxSpecFor(job.environment, row, purpose);
    return { spec, priorityClassName, queueName, replacesLost: recovery.mode === "replay" };
  }

  /** Whether an attempt may still need its sandbox; one of a job that is not read yet may. */
  isLive(ref: AttemptRef): boolean {
    const [job] = this.#jobs.find("uid", ref.jobUid);
    if (job === undefined || hasEnded(job)) return false;
    const ledger = this.#runningOf(ref.jobUid)?.runner.ledger;
    if (ledger === undefined) return true;
    const { phase, attempt } = ledger.line(ref);
    return attempt === ref.attempt && phase !== "graded" && phase !== "failed";
  }

  /** Whether a job that runs here was begun with a snapshot; nobody else may ask for its secrets. */
  knowsSnapshot(namespace: string, specHash: string): boolean {
    for (const { running } of this.#actors.values()) {
      const identity = running?.job.identity;
      if (identity?.specHash === specHash && identity.namespace === namespace) return true;
    }
    return false;
  }

  async #reconcile(key: string): Promise<{ readonly againAfterMs: number } | undefined> {
    const job = this.#jobs.get(key);
    await this.#forgetStrangers(key, job?.uid);
    if (job === undefined) return undefined;
    const actor = this.#actor(job);
    const again = [await actor.act(job)];
    this.#downloads.looked(job.busUid);
    again.push(await this.#telling.tell(job, actor));
    if (actor.running !== null) again.push(LOOK_MS);
    const due = again.filter((ms) => ms !== null);
    return due.length === 0 ? undefined : { againAfterMs: Math.min(...due) };
  }

  /** An object that is gone has left its actor behind, also when one of its name was made since. */
  async #forgetStrangers(key: string, uid: string | undefined): Promise<void> {
    for (const [otherUid, actor] of this.#actors) {
      if (otherUid === uid || actor.key !== key) continue;
      this.#actors.delete(otherUid);
      await actor.forget();
      this.#telling.forget(otherUid);
    }
  }

  #actor(job: CachedJob): JobActor {
    const known = this.#actors.get(job.uid);
    if (known !== undefined) return known;
    const { client, bus, environments, clock, ids, logger, maxDatasetMiB } = this.#options;
    const actor = new JobActor(
      {
        client,
        bus,
        environments,
        board: this.#board,
        clock,
        ids,
        logger,
        onOutcome: (identity, counted) => this.#onOutcome(identity, counted),
        onChange: (key) => this.#queue.add(key),
        downloads: this.#downloads,
        maxDatasetMiB,
      },
      job,
    );
    this.#actors.set(job.uid, actor);
    return actor;
  }

  #runningOf(jobUid: string): RunningJob | null {
    const [job] = this.#jobs.find("uid", jobUid);
    return job === undefined ? null : (this.#actors.get(job.uid)?.running ?? null);
  }

  #onJob(change: StoreChange<CachedJob>): void {
    const { key, busUid } = change.kind === "removed" ? change.before : change.now;
    if (change.kind === "removed") this.#downloads.forget(busUid);
    this.#queue.add(key);
  }

  #onEnvironment(key: string): void {
    for (const job of this.#jobs.find("environment", key)) {
      if (this.#actors.get(job.uid)?.blocked !== null) this.#queue.add(job.key);
    }
  }

  /** A hint: who missed it looks by itself after a while. */
  #onUploaded(subject: string): void {
    for (const { key } of this.#jobs.find("uid", subject.split(".")[3] ?? "")) this.#queue.add(key);
  }

  #onOutcome({ jobUid, namespace, environmentUid }: JobIdentity, counted: CountedOutcome): void {
    const { outcome } = counted;
    this.#releases.add(environmentUid, { ...outcome.place, jobUid, attempt: outcome.attempt });
    this.#board.changed();
    if (outcome.sequence <= this.#countedTo) return;
    this.#count({ namespace, environment: this.#environmentName(jobUid) }, counted);
  }

  #environmentName(jobUid: string): string {
    const [job] = this.#jobs.find("uid", jobUid);
    return job?.spec.ok === true ? job.spec.value.environmentRef.name : "unknown";
  }

  #count(
    labels: { readonly namespace: string; readonly environment: string },
    { outcome, after }: CountedOutcome,
  ): void {
    const { metrics = noMetrics } = this.#options;
    if (outcome.end.kind === "failed") metrics.attemptFailed(labels, outcome.end.failureClass);
    if (after === "graded" || after === "final") {
      metrics.rolloutEnded(labels, after === "graded" ? "graded" : "failed");
    }
  }

  /** Requests are of all jobs. One that is not read yet is known in a moment; one that has ended has its outcomes. */
  #settleDeps(signal: AbortSignal) {
    const { bus, clock, ids, logger } = this.#options;
    return {
      bus,
      clock,
      ids,
      logger,
      signal,
      knows: ({ jobUid }: Pick<AttemptRef, "jobUid">) => {
        // A trace's log says all that settling needs of it.
        if (tracedEnvironment(jobUid) !== null) return true;
        const [job] = this.#jobs.find("uid", jobUid);
        return job !== undefined && (this.#runningOf(jobUid) !== null || hasEnded(job));
      },
      contentOf: ({ jobUid, itemIndex }: AttemptRef) => {
        const job = this.#runningOf(jobUid)?.job;
        return { item: job?.rows[itemIndex] ?? {}, policyVersion: job?.spec.policyVersion ?? "" };
      },
    };
  }

  #sweeper(): UidSweeper {
    const { bus, clock, logger, watchNamespace } = this.#options;
    return new UidSweeper({
      bus,
      clock,
      logger,
      isLive: (jobUid) => this.#jobs.count("uid", jobUid) > 0,
      namespace: watchNamespace,
    });
  }

  #reflector(): Reflector<CachedJob> {
    const { client, transport, clock, random, logger, watchNamespace } = this.#options;
    const store = this.#jobs;
    return new Reflector({
      client,
      transport,
      resource: ROLLOUT_JOBS,
      ...(watchNamespace === undefined ? {} : { place: { namespace: watchNamespace } }),
      clock,
      random,
      logger,
      project: (object) => cachedJob(object, store.get(objectKey(object.metadata))),
      store,
    });
  }
}
