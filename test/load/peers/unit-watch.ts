import { ObjectStore } from "../../../src/kube/cache/object-store.ts";
import type { Cached } from "../../../src/kube/cache/object-store.ts";
import { Reflector } from "../../../src/kube/cache/reflector.ts";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import { objectKey } from "../../../src/kube/kube-object.ts";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import type { ApiResource } from "../../../src/kube/resource-path.ts";
import type { KubeTransport } from "../../../src/kube/transport/kube-transport.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/logger.ts";

interface Unit extends Cached {
  readonly isReady: boolean;
}

/** Looks at the objects of one kind in the namespace `default`, by one watch, and notes when each was first ready. */
export class UnitWatch {
  readonly #end = new AbortController();
  readonly #store = new ObjectStore<Unit, "ready">({ ready: ({ isReady }) => (isReady ? ["yes"] : []) });
  readonly #seen = new Set<string>();
  readonly #readyAtMs = new Map<string, number>();
  readonly #reflector: Reflector<Unit>;

  constructor(transport: KubeTransport, resource: ApiResource, isReady: (object: KubeObject) => boolean) {
    this.#store.listen((change) => {
      if (change.kind === "removed") return;
      this.#seen.add(change.now.uid);
      const { key } = change.now;
      if (change.now.isReady && !this.#readyAtMs.has(key)) this.#readyAtMs.set(key, performance.now());
    });
    this.#reflector = new Reflector<Unit>({
      client: new KubeClient(transport),
      transport,
      resource,
      place: { namespace: "default" },
      project: (object) => ({
        key: objectKey(object.metadata),
        uid: object.metadata.uid,
        resourceVersion: object.metadata.resourceVersion,
        isReady: isReady(object),
      }),
      store: this.#store,
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
    });
  }

  /** Resolves once it knows what there is. */
  start(): Promise<void> {
    void this.#reflector.run(this.#end.signal);
    return this.#reflector.untilSynced();
  }

  /** Objects that there are now. */
  get live(): number {
    return this.#store.size;
  }

  /** Those that are ready now. */
  get ready(): number {
    return this.#store.count("ready", "yes");
  }

  /** Objects that there ever were. */
  get seen(): number {
    return this.#seen.size;
  }

  /** When each was first ready, of the monotonic clock, by `namespace/name`. */
  get readyAtMs(): ReadonlyMap<string, number> {
    return this.#readyAtMs;
  }

  stop(): void {
    this.#end.abort();
  }
}

/** Whether a pod runs or has run. */
export function hasRun(object: KubeObject): boolean {
  const { phase = "" } = (object as { readonly status?: { readonly phase?: string } }).status ?? {};
  return phase === "Running" || phase === "Succeeded";
}

/** Whether an object's condition `Ready` is true. */
export function isConditionReady(object: KubeObject): boolean {
  const { status } = object as {
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  };
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}
