import { RollyardError } from "../../errors/rollyard-error.ts";
import { API_GROUP, API_VERSION, ENVIRONMENT_KIND } from "../../kube/api-group.ts";
import { serveProblem } from "../../environment/serve-problem.ts";
import { busUid } from "../../kube/bus-uid.ts";
import type { EventRecorder, EventSubject } from "../../kube/control/event-recorder.ts";
import type { StatusWriter } from "../../kube/control/status-writer.ts";
import type { HandlerEnd } from "../../kube/control/work-queue.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import { assertNever } from "../../lib/assert-never.ts";
import type { Clock } from "../../lib/clock.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { Logger } from "../../lib/logger.ts";
import type { BrokerSnapshot } from "../../sandbox/broker-options.ts";
import { goneTraces, withGone } from "../../trace/gone-traces.ts";
import type { GoneTraces } from "../../trace/gone-traces.ts";
import type { TraceCounts } from "../../trace/trace-tally.ts";
import { sightOf } from "./cached-environment.ts";
import type { CachedEnvironment } from "./cached-environment.ts";
import type { EnvironmentBroker, StartBroker } from "./environment-broker.ts";
import type { Enforcement } from "./environment-conditions.ts";
import { conditionEvents } from "./environment-events.ts";
import { conditionsOf, environmentStatus, traceCountsOf } from "./environment-status.ts";
import { FINALIZER, writeFinalizer } from "./finalizer.ts";
import type { HeldEnvironments } from "./held-environments.ts";
import { planEnvironment } from "./plan-environment.ts";
import type { EnvironmentStep, EnvironmentView } from "./plan-environment.ts";
import type { PolicyKeeper } from "./policy-keeper.ts";
import { removePods } from "./remove-pods.ts";

/** What the reconciler of Environments works with. */
export interface ReconcilerOptions {
  readonly client: KubeClient;
  readonly environments: { get(key: string): CachedEnvironment | undefined };
  readonly policies: PolicyKeeper;
  readonly held: HeldEnvironments;
  readonly startBroker: StartBroker;
  readonly status: StatusWriter;
  readonly events: EventRecorder;
  readonly enforcement: () => Enforcement;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A broker's figures, and those of the traces of its Environment. */
export interface BrokerFigures {
  /** `namespace/name` */
  readonly key: string;
  readonly snapshot: BrokerSnapshot;
  readonly traces: TraceCounts | null;
}

/** A broker, and the spec that it works by. */
interface RunningBroker {
  readonly broker: EnvironmentBroker;
  readonly key: string;
  generation: number;
  isDraining: boolean;
  /** Ended traces that the status has and the records have not any more; null before the records are known. */
  gone: GoneTraces | null;
}

/** What follows a step: look and plan again, or wait for the cache to show what was done. */
type StepEnd = { readonly next: "plan" } | { readonly next: "wait"; readonly againAfterMs: number | null };

const PLAN: StepEnd = { next: "plan" };
const WAIT: StepEnd = { next: "wait", againAfterMs: null };
/** Pods that are going have to be asked for again: nothing else tells that the last one is gone. */
const PODS_GO_MS = 1000;
/** Should the cache not tell of what we wrote, we look by ourselves. */
const LATE_CACHE_MS = 5000;

/** Looks at one Environment at a time and makes what is so what should be. */
export class EnvironmentReconciler {
  readonly #options: ReconcilerOptions;
  /** By the uid of the Environment's object. */
  readonly #brokers = new Map<string, RunningBroker>();
  /** Uids of deleted Environments whose pods and policy are gone. */
  readonly #empty = new Set<string>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** The handler of the queue; keys are `namespace/name`. */
  async reconcile(key: string): Promise<HandlerEnd> {
    const environment = this.#options.environments.get(key);
    await this.#stopStrangers(key, environment?.uid);
    if (environment === undefined) return;
    let end: StepEnd = PLAN;
    try {
      while (end.next === "plan")
        end = await this.#act(environment, planEnvironment(this.#view(environment)));
    } catch (error) {
      // What the API server does not take is for the user to read.
      if (error instanceof RollyardError && error.code === "kube_refused")
        await this.#writeStatus(environment, error);
      throw error;
    }
    const again = [end.againAfterMs, await this.#writeStatus(environment)].filter((ms) => ms !== null);
    if (again.length > 0) return { againAfterMs: Math.min(...again) };
  }

  /** Brokers by their Environment's uid on the bus. */
  broker(environmentUid: string): EnvironmentBroker | undefined {
    return [...this.#brokers].find(([uid]) => busUid(uid) === environmentUid)?.[1].broker;
  }

  /** Keys and figures of all brokers. */
  snapshots(): readonly BrokerFigures[] {
    return [...this.#brokers.values()].map(({ key, broker }) => ({
      key,
      snapshot: broker.snapshot(),
      traces: broker.traces(),
    }));
  }

  /** Stops every broker. */
  async stop(options: { readonly handOver: boolean }): Promise<void> {
    const brokers = [...this.#brokers.values()];
    this.#brokers.clear();
    await Promise.all(brokers.map(({ broker }) => broker.stop(options)));
  }

  /** A namesake that was made anew has nothing to do with the broker of the one before. */
  async #stopStrangers(key: string, uid: string | undefined): Promise<void> {
    for (const [otherUid, running] of this.#brokers) {
      if (running.key !== key || otherUid === uid) continue;
      this.#brokers.delete(otherUid);
      await running.broker.stop({ handOver: false });
    }
  }

  #view(environment: CachedEnvironment): EnvironmentView {
    const { policies, held } = this.#options;
    const { spec, uid } = environment;
    return {
      isDeleting: environment.isDeleting,
      hasFinalizer: environment.finalizers.includes(FINALIZER),
      generation: spec.ok ? environment.generation : null,
      hasImage: hasImage(environment),
      isPolicyRight: policies.isRight(environment, networkOf(environment)),
      broker: this.#brokers.get(uid) ?? null,
      holders: held.holders(environment.busUid)?.length ?? null,
      isEmpty: this.#empty.has(uid),
    };
  }

  async #act(environment: CachedEnvironment, step: EnvironmentStep): Promise<StepEnd> {
    const { client, policies } = this.#options;
    switch (step) {
      case "rest":
        return WAIT;
      case "add_finalizer":
        await writeFinalizer(client, environment, true);
        return { next: "wait", againAfterMs: LATE_CACHE_MS };
      case "write_policy":
        return this.#writePolicy(environment);
      case "start_broker":
        return this.#start(environment);
      case "update_broker":
      case "drain_broker":
        return this.#update(environment);
      case "stop_broker":
        return this.#stopOne(environment);
      case "remove_children":
        if ((await removePods(client, environment)) > 0) return { next: "wait", againAfterMs: PODS_GO_MS };
        await policies.remove(environment);
        this.#empty.add(environment.uid);
        return PLAN;
      case "remove_finalizer":
        await writeFinalizer(client, environment, false);
        this.#empty.delete(environment.uid);
        return { next: "wait", againAfterMs: LATE_CACHE_MS };
      default:
        return assertNever(step);
    }
  }

  async #writePolicy(environment: CachedEnvironment): Promise<StepEnd> {
    const { policies, events } = this.#options;
    await policies.write(environment, networkOf(environment));
    if (this.#brokers.has(environment.uid)) {
      events.record(subjectOf(environment), {
        type: "Warning",
        reason: "NetworkPolicyRestored",
        message: "The sandboxes' NetworkPolicy had been changed or removed, and was put back.",
      });
    }
    return PLAN;
  }

  async #start(environment: CachedEnvironment): Promise<StepEnd> {
    const sight = sightOf(environment);
    if (sight.kind !== "ready") return WAIT;
    const { key, uid, generation, isDeleting } = environment;
    const { startBroker, logger } = this.#options;
    const broker = await startBroker(sight.environment, isDeleting);
    this.#brokers.set(uid, { broker, key, generation, isDraining: isDeleting, gone: null });
    logger.info("environment served", { environment: key, environment_uid: environment.busUid });
    return PLAN;
  }

  #update(environment: CachedEnvironment): StepEnd {
    const sight = sightOf(environment);
    const running = this.#brokers.get(environment.uid);
    if (running === undefined) return PLAN;
    running.isDraining = environment.isDeleting;
    if (sight.kind !== "ready") return PLAN;
    running.generation = environment.generation;
    running.broker.update(sight.environment, environment.isDeleting);
    return PLAN;
  }

  async #stopOne({ uid, key }: CachedEnvironment): Promise<StepEnd> {
    const running = this.#brokers.get(uid);
    this.#brokers.delete(uid);
    await running?.broker.stop({ handOver: false });
    this.#options.logger.info("environment no longer served", { environment: key });
    return PLAN;
  }

  /** Resolves with the time after which it has to be written again, or null. */
  async #writeStatus(environment: CachedEnvironment, trouble?: RollyardError): Promise<number | null> {
    const { clock, enforcement, events, held, status } = this.#options;
    const facts = {
      busUid: environment.busUid,
      generation: environment.generation,
      specProblem: environment.spec.ok ? null : environment.spec.message,
      hasImage: hasImage(environment),
      serveProblem: environment.spec.ok ? serveProblem(environment.spec.value) : null,
      isDeleting: environment.isDeleting,
      holders: held.holders(environment.busUid),
      trouble: trouble?.message ?? null,
      enforcement: enforcement(),
      ...figuresOf(this.#brokers.get(environment.uid), environment.status),
    };
    const wanted = environmentStatus(facts, clock.nowMs(), environment.status);
    const { namespace, name, uid, resourceVersion } = environment;
    const metadata = { namespace, name, uid, resourceVersion };
    const end = await status.write({ metadata, status: environment.status }, wanted);
    if (end.kind === "later") return end.againAfterMs;
    if (end.kind !== "written") return null;
    const said = conditionEvents(conditionsOf(environment.status), conditionsOf(wanted));
    for (const event of said) events.record(subjectOf(environment), event);
    return null;
  }
}

function figuresOf(
  running: RunningBroker | undefined,
  status: JsonObject,
): { readonly broker: BrokerSnapshot | null; readonly traces: TraceCounts | null } {
  if (running === undefined) return { broker: null, traces: null };
  const traces = running.broker.traces();
  if (traces !== null) running.gone ??= goneTraces(traceCountsOf(status), traces);
  return {
    broker: running.broker.snapshot(),
    traces: traces === null || running.gone === null ? traces : withGone(traces, running.gone),
  };
}

function hasImage({ spec }: CachedEnvironment): boolean {
  return spec.ok && spec.value.sandbox.image !== undefined;
}

/** A spec that can't be read is shut off. */
function networkOf({ spec }: CachedEnvironment): "none" | "open" {
  return spec.ok ? spec.value.sandbox.network : "none";
}

function subjectOf({ namespace, name, uid }: CachedEnvironment): EventSubject {
  return { apiVersion: `${API_GROUP}/${API_VERSION}`, kind: ENVIRONMENT_KIND.kind, namespace, name, uid };
}
