import { PODS } from "../../../kube/api-resources.ts";
import { ObjectStore } from "../../../kube/cache/object-store.ts";
import type { StoreChange } from "../../../kube/cache/object-store.ts";
import { Reflector } from "../../../kube/cache/reflector.ts";
import { Expectations } from "../../../kube/control/expectations.ts";
import type { KubeClient } from "../../../kube/kube-client.ts";
import { withoutManagedFields } from "../../../kube/managed-fields.ts";
import type { KubeTransport } from "../../../kube/transport/kube-transport.ts";
import type { Clock } from "../../../lib/clock.ts";
import type { Logger } from "../../../lib/logger.ts";
import { SharedTexts } from "../../../lib/shared-texts.ts";
import { SANDBOX_PODS, viewPod } from "./pod-view.ts";
import type { PodSight, PodView } from "./pod-view.ts";

/** What a cache of the API server's objects works with. */
export interface CacheOptions {
  readonly client: KubeClient;
  readonly transport: KubeTransport;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
}

/** Whose pods a cache holds. */
export interface PodCacheOptions extends CacheOptions, Pick<PodSight, "kid"> {
  /** Undefined: of all namespaces. */
  readonly namespace?: string | undefined;
}

/** The pods of all sandboxes of a cluster, or of one namespace, by one watch. Keys are `namespace/name`. */
export class PodCache {
  readonly #store = new ObjectStore<PodView, "environment">({
    environment: ({ environmentUid }) => [environmentUid],
  });
  readonly #expectations: Expectations;
  readonly #reflector: Reflector<PodView>;
  readonly #watchers = new Map<string, (key: string) => void>();
  readonly #texts = new SharedTexts();

  constructor(options: PodCacheOptions) {
    const { kid, namespace } = options;
    this.#expectations = new Expectations(options.clock);
    this.#reflector = new Reflector<PodView>({
      ...options,
      resource: PODS,
      place: namespace === undefined ? {} : { namespace },
      selectors: { labelSelector: SANDBOX_PODS },
      trim: withoutManagedFields,
      project: (pod) => viewPod(pod, { texts: this.#texts, kid }),
      store: this.#store,
      onListed: (startedAtMs) => this.#listed(startedAtMs),
    });
    this.#store.listen((change) => this.#changed(change));
  }

  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal);
  }

  /** Resolves once it has held all pods. */
  untilSynced(): Promise<void> {
    return this.#reflector.untilSynced();
  }

  get(key: string): PodView | undefined {
    return this.#store.get(key);
  }

  /** By the environment's uid on the bus. */
  ofEnvironment(environmentUid: string): readonly PodView[] {
    return this.#store.find("environment", environmentUid);
  }

  /** Calls back with the key whenever the pod may have changed; one watcher a pod. */
  watch(key: string, onChange: (key: string) => void): void {
    this.#watchers.set(key, onChange);
  }

  unwatch(key: string): void {
    this.#watchers.delete(key);
    this.#expectations.forget(key);
  }

  /** Before a pod is created: until the cache shows it, its absence means nothing. */
  expect(key: string): void {
    this.#expectations.note(key, { creations: [key] });
  }

  /** The API server has created it. */
  answered(key: string): void {
    this.#expectations.answered(key, key);
  }

  /** Whether there is certainly no such pod any more. */
  isGone(key: string): boolean {
    return this.#store.get(key) === undefined && this.#expectations.isMet(key);
  }

  #changed(change: StoreChange<PodView>): void {
    const { key } = change.kind === "removed" ? change.before : change.now;
    this.#expectations.sawCreation(key, key);
    this.#watchers.get(key)?.(key);
  }

  #listed(startedAtMs: number): void {
    this.#expectations.listed(startedAtMs);
    for (const [key, onChange] of Array.from(this.#watchers)) onChange(key);
  }
}
