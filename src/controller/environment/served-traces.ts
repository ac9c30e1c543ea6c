import type { Bus } from "../../bus/port.ts";
import { traceOwner } from "../../bus/subjects.ts";
import { encodeAssets } from "../../config/snapshot-assets.ts";
import { storeSnapshot } from "../../config/snapshot.ts";
import { serveProblem } from "../../environment/serve-problem.ts";
import { toRollyardError } from "../../errors/rollyard-error.ts";
import type { GraderAssets } from "../../grader/command/grader-file.ts";
import type { OutcomeSummary } from "../../job/outcome-summary.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import type { AttemptRef } from "../../rollout/attempt-ref.ts";
import type { IdSource } from "../../rollout/ids.ts";
import type { ReleaseRef } from "../../sandbox/broker-options.ts";
import type { OutcomeMetrics } from "../../telemetry/metrics-port.ts";
import { findLastServed, putServed, putServedNoMore } from "../../trace/served-record.ts";
import { servedJobSpec } from "../../trace/served-job.ts";
import { TraceKeeper } from "../../trace/trace-keeper.ts";
import type { TraceCounts } from "../../trace/trace-tally.ts";
import type { ReadyEnvironment } from "./ready-environment.ts";
import type { ServedSnapshots } from "./served-snapshots.ts";

/** What the serving of one Environment is kept with. */
export interface ServedTracesDeps {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly metrics: OutcomeMetrics;
  readonly snapshots: ServedSnapshots;
  /** Own files of an Environment's graders. */
  readonly assetsOf: (environment: ReadyEnvironment) => Promise<GraderAssets>;
  /** A trace has its outcome: its sandboxes are free. */
  readonly release: (ref: ReleaseRef) => void;
}

const RETRY_MS = 1000;

/** Puts one Environment where gateways look for it while `spec.serve` wants it so, and keeps its traces. */
export class ServedTraces {
  readonly #deps: ServedTracesDeps;
  readonly #uid: string;
  readonly #stopping = new AbortController();
  #keeper: TraceKeeper | null = null;
  #syncing: Promise<void> = Promise.resolve();

  constructor(deps: ServedTracesDeps, environment: ReadyEnvironment) {
    this.#deps = deps;
    this.#uid = environment.uid;
  }

  /** The Environment is like this now. What has to be written for it is, however long the bus is away. */
  update(environment: ReadyEnvironment, isDraining: boolean): void {
    this.#syncing = this.#syncing.then(() => this.#syncPatiently(environment, isDraining));
  }

  /** How its traces stand; null while it has never been served. */
  get counts(): TraceCounts | null {
    return this.#keeper?.counts ?? null;
  }

  /** Resolves once the traces on record are known, with which of them may need their sandboxes still. */
  async known(): Promise<(ref: AttemptRef) => boolean> {
    await this.#syncing;
    return (ref) => this.#keeper?.isLive(ref) ?? false;
  }

  /** With `handOver` everything stays for the next leader; without, the Environment goes, and its traces' records with it. */
  async stop({ name, namespace }: ReadyEnvironment, handOver: boolean): Promise<void> {
    this.#stopping.abort();
    await this.#syncing;
    await this.#keeper?.ended();
    if (handOver || this.#keeper === null) return;
    const { bus, snapshots, logger } = this.#deps;
    try {
      await putServed(bus, { namespace, name }, null);
      await this.#keeper.removeAll();
    } catch (thrown) {
      logger.warn("records of traces can't be removed", {
        environment: name,
        code: toRollyardError(thrown).code,
      });
    }
    snapshots.forget(this.#uid);
  }

  async #syncPatiently(environment: ReadyEnvironment, isDraining: boolean): Promise<void> {
    const { clock, logger } = this.#deps;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        return await this.#sync(environment, isDraining);
      } catch (thrown) {
        if (signal.aborted) return;
        const { code } = toRollyardError(thrown);
        logger.warn("environment can't be put where gateways look for it", {
          environment: environment.name,
          code,
        });
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }

  async #sync(environment: ReadyEnvironment, isDraining: boolean): Promise<void> {
    const { spec } = environment;
    const isServed = spec.serve.enabled && !isDraining && serveProblem(spec) === null;
    await (isServed ? this.#serve(environment) : this.#serveNoMore(environment));
  }

  /** What it has of traces stays until its time is over, whoever leads by then. */
  async #serveNoMore(environment: ReadyEnvironment): Promise<void> {
    const { bus, snapshots } = this.#deps;
    const { namespace, name, uid } = environment;
    const last = await findLastServed(bus, { namespace, name });
    if (last === null) return;
    // Of one that was deleted: what bears the name now has nothing to do with it.
    if (last.environmentUid !== uid) return putServed(bus, { namespace, name }, null);
    if (last.isServed) await putServedNoMore(bus, { namespace, name }, last);
    // Of traces that are graded now.
    snapshots.add(uid, namespace, last.specHash);
    await this.#keep(environment);
  }

  async #serve(environment: ReadyEnvironment): Promise<void> {
    const { namespace, name, uid, spec } = environment;
    const { bus, snapshots, assetsOf } = this.#deps;
    const names = { namespace, jobName: name, environmentName: name };
    const assets = encodeAssets(await assetsOf(environment));
    const snapshot = { ...names, job: servedJobSpec(name), environment: spec, ...assets };
    const specHash = await storeSnapshot(bus, traceOwner(uid), snapshot);
    // Known before any gateway can ask for its keys.
    snapshots.add(uid, namespace, specHash);
    await putServed(bus, { namespace, name }, { environmentUid: uid, specHash });
    await this.#keep(environment);
  }

  async #keep({ namespace, name, spec }: ReadyEnvironment): Promise<void> {
    const times = { idleMs: spec.serve.idleSeconds * 1000, ttlMs: spec.serve.ttlSecondsAfterFinished * 1000 };
    if (this.#keeper !== null) return this.#keeper.update(times);
    const keeper = this.#newKeeper({ namespace, name, ...times });
    await keeper.start();
    this.#keeper = keeper;
  }

  #newKeeper(kept: {
    readonly namespace: string;
    readonly name: string;
    readonly idleMs: number;
    readonly ttlMs: number;
  }): TraceKeeper {
    const { bus, clock, ids, logger } = this.#deps;
    const { signal } = this.#stopping;
    const labels = { namespace: kept.namespace, environment: kept.name };
    const onOutcome = (outcome: OutcomeSummary, isNew: boolean): void =>
      this.#onOutcome(labels, outcome, isNew);
    return new TraceKeeper(
      { bus, clock, ids, logger, signal, onOutcome },
      { ...kept, environmentUid: this.#uid },
    );
  }

  #onOutcome(
    labels: { readonly namespace: string; readonly environment: string },
    { place, attempt, end }: OutcomeSummary,
    isNew: boolean,
  ): void {
    const { metrics, release } = this.#deps;
    release({ ...place, jobUid: traceOwner(this.#uid), attempt });
    // What an earlier leader saw, it has counted.
    if (!isNew) return;
    if (end.kind === "failed") metrics.attemptFailed(labels, end.failureClass);
    metrics.rolloutEnded(labels, end.kind);
  }
}
