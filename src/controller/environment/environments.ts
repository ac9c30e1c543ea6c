import { ENVIRONMENTS, NETWORK_POLICIES } from "../../kube/api-resources.ts";
import { ObjectStore } from "../../kube/cache/object-store.ts";
import type { StoreChange } from "../../kube/cache/object-store.ts";
import { Reflector } from "../../kube/cache/reflector.ts";
import type { EventRecorder } from "../../kube/control/event-recorder.ts";
import { StatusWriter } from "../../kube/control/status-writer.ts";
import { WorkQueue } from "../../kube/control/work-queue.ts";
import type { WorkQueueObserver } from "../../kube/control/work-queue.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import { objectKey } from "../../kube/kube-object.ts";
import { LABELS, MANAGED_BY } from "../../kube/labels.ts";
import type { KubeTransport } from "../../kube/transport/kube-transport.ts";
import { canonicalJson } from "../../lib/canonical-json.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import type { ReleaseRef } from "../../sandbox/broker-options.ts";
import type { StartPressure } from "../../sandbox/port.ts";
import { cachedEnvironment, sightOf } from "./cached-environment.ts";
import type { CachedEnvironment } from "./cached-environment.ts";
import type { StartBroker } from "./environment-broker.ts";
import type { Enforcement } from "./environment-conditions.ts";
import { EnvironmentReconciler } from "./environment-reconciler.ts";
import type { BrokerFigures } from "./environment-reconciler.ts";
import { HeldEnvironments } from "./held-environments.ts";
import type { PolicySettings } from "./network-policy.ts";
import { cachedPolicy, PolicyKeeper, policyKey } from "./policy-keeper.ts";
import type { CachedPolicy } from "./policy-keeper.ts";
import type { EnvironmentSight, ReadyEnvironment } from "./ready-environment.ts";

/** What the Environments of a cluster are kept with. */
export interface EnvironmentsOptions {
  readonly client: KubeClient;
  readonly transport: KubeTransport;
  readonly startBroker: StartBroker;
  readonly policySettings: PolicySettings;
  /** The one namespace that is looked at; all by default. */
  readonly namespace?: string;
  readonly events: EventRecorder;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly observer?: WorkQueueObserver;
}

/** Told that an Environment has come, changed in its spec, begun to go, or gone. */
export type EnvironmentListener = (namespace: string, name: string) => void;

const CONCURRENCY = 8;
const FIGURES_MS = 1000;

/** All Environments of a cluster: their caches, their brokers, and what jobs ask of them. */
export class Environments {
  readonly #options: EnvironmentsOptions;
  readonly #environments = new ObjectStore<CachedEnvironment>({});
  readonly #policies = new ObjectStore<CachedPolicy>({});
  readonly #held = new HeldEnvironments();
  readonly #queue: WorkQueue;
  readonly #keeper: PolicyKeeper;
  readonly #reconciler: EnvironmentReconciler;
  readonly #listeners = new Set<EnvironmentListener>();
  /** What was last seen of each broker's figures. */
  readonly #figures = new Map<string, string>();
  #enforcement: Enforcement = NOT_PROBED;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: EnvironmentsOptions) {
    this.#options = options;
    const { client, clock, logger, observer, policySettings } = options;
    this.#queue = new WorkQueue({
      clock,
      logger,
      name: "environment",
      ...(observer === undefined ? {} : { observer }),
    });
    this.#keeper = new PolicyKeeper({ client, clock, policies: this.#policies, settings: policySettings });
    this.#reconciler = new EnvironmentReconciler({
      client,
      clock,
      logger,
      environments: this.#environments,
      policies: this.#keeper,
      held: this.#held,
      startBroker: options.startBroker,
      status: new StatusWriter({ client, resource: ENVIRONMENTS, clock }),
      events: options.events,
      enforcement: () => this.#enforcement,
    });
    this.#environments.listen((change) => this.#onEnvironment(change));
    this.#policies.listen((change) => this.#onPolicy(change));
  }

  /** Keys that wait to be looked at. */
  get queueDepth(): number {
    return this.#queue.depth;
  }

  /** Fills the caches and begins to work; resolves once both caches were listed. Works until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    const reflectors = [this.#environmentReflector(), this.#policyReflector()];
    const mirrors = reflectors.map((reflector) => reflector.run(signal));
    await Promise.race([Promise.all(reflectors.map((each) => each.untilSynced())), Promise.all(mirrors)]);
    const work = this.#queue.run((key) => this.#reconciler.reconcile(key), CONCURRENCY, signal);
    this.#running = Promise.all([...mirrors, work, this.#watchFigures(signal)]);
  }

  /** To be called once the signal of {@link start} has aborted. With `handOver` all sandboxes stay for the next leader. */
  async stop(options: { readonly handOver: boolean }): Promise<void> {
    await this.#running;
    await this.#reconciler.stop(options);
  }

  /** The Environment, or null when there is none or its spec can't be used. */
  get(namespace: string, name: string): ReadyEnvironment | null {
    const sight = this.look(namespace, name);
    return sight.kind === "ready" ? sight.environment : null;
  }

  /** How the Environment of a name stands. */
  look(namespace: string, name: string): EnvironmentSight {
    return sightOf(this.#environments.get(objectKey({ namespace, name })));
  }

  /** Calls the listener from now on. */
  onChange(listener: EnvironmentListener): void {
    this.#listeners.add(listener);
  }

  /** The job uses the Environment: its deletion waits. Uids are those of the bus. Safe to repeat. */
  hold(environmentUid: string, jobUid: string, jobName: string): void {
    this.#held.add(environmentUid, jobUid, jobName);
    this.#lookAt(environmentUid);
  }

  /** The job uses the Environment no more: what it left of sandboxes is ended. Safe to repeat. */
  letGo(environmentUid: string, jobUid: string): void {
    this.#reconciler.broker(environmentUid)?.forgetJob(jobUid);
    this.#held.remove(environmentUid, jobUid);
    this.#lookAt(environmentUid);
  }

  /** Every running job holds what it uses: from now on a deleted Environment that nobody holds may go. */
  holdsAreKnown(): void {
    this.#held.knowAll();
    this.#lookAtAll();
  }

  /** The attempt has its outcome: its sandboxes are free. */
  release(environmentUid: string, ref: ReleaseRef): void {
    this.#reconciler.broker(environmentUid)?.release(ref);
  }

  /** Why no sandbox of an Environment starts: there is no room, or starts fail again and again; null while they do. */
  hindrance(environmentUid: string): StartPressure | null {
    const snapshot = this.#reconciler.broker(environmentUid)?.snapshot();
    if (snapshot === undefined || snapshot.pressure !== null) return snapshot?.pressure ?? null;
    const { state, lastReason } = snapshot.breaker;
    return state === "closed" ? null : { reason: "Unschedulable", message: lastReason };
  }

  /** What a probe found of the cluster's network; every Environment's status says it. */
  setEnforcement(enforcement: Enforcement): void {
    this.#enforcement = enforcement;
    this.#lookAtAll();
  }

  /** Names and figures of the brokers, for metrics and diagnosis. */
  snapshots(): readonly BrokerFigures[] {
    return this.#reconciler.snapshots();
  }

  #onEnvironment(change: StoreChange<CachedEnvironment>): void {
    const { key, namespace, name } = change.kind === "removed" ? change.before : change.now;
    this.#queue.add(key);
    if (change.kind === "changed" && !isNews(change.before, change.now)) return;
    for (const listener of this.#listeners) listener(namespace, name);
  }

  #onPolicy(change: StoreChange<CachedPolicy>): void {
    const { key } = change.kind === "removed" ? change.before : change.now;
    this.#keeper.sawChange(key);
    for (const environment of this.#environments.all()) {
      if (policyKey(environment) === key) this.#queue.add(environment.key);
    }
  }

  #lookAt(environmentUid: string): void {
    for (const { busUid, key } of this.#environments.all())
      if (busUid === environmentUid) this.#queue.add(key);
  }

  #lookAtAll(): void {
    for (const { key } of this.#environments.all()) this.#queue.add(key);
  }

  /** Brokers tell nobody that their figures change, so they are looked at. */
  async #watchFigures(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(FIGURES_MS, signal);
      for (const { key, snapshot, traces } of this.#reconciler.snapshots()) {
        const { waiting: _, oldestWaitMs: __, ...shown } = snapshot;
        const figures = canonicalJson([shown, traces]);
        if (this.#figures.get(key) !== figures) this.#queue.add(key);
        this.#figures.set(key, figures);
      }
    }
  }

  #environmentReflector(): Reflector<CachedEnvironment> {
    const store = this.#environments;
    return new Reflector({
      ...this.#mirroring(),
      resource: ENVIRONMENTS,
      project: (object) => cachedEnvironment(object, store.get(objectKey(object.metadata))),
      store,
    });
  }

  #policyReflector(): Reflector<CachedPolicy> {
    return new Reflector({
      ...this.#mirroring(),
      resource: NETWORK_POLICIES,
      selectors: { labelSelector: `${LABELS.managedBy}=${MANAGED_BY}` },
      project: cachedPolicy,
      store: this.#policies,
    });
  }

  #mirroring() {
    const { client, transport, clock, random, logger, namespace } = this.#options;
    const place = namespace === undefined ? {} : { namespace };
    return { client, transport, clock, random, logger, place };
  }
}

const NOT_PROBED: Enforcement = {
  kind: "unknown",
  reason: "NotProbed",
  message: "Whether the cluster enforces NetworkPolicies has not been probed.",
};

/** Whether those who use an Environment see a difference. */
function isNews(before: CachedEnvironment, now: CachedEnvironment): boolean {
  return before.generation !== now.generation || before.isDeleting !== now.isDeleting;
}
