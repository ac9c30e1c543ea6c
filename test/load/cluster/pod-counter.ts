import { Reflector } from "../../../src/kube/cache/reflector.ts";
import { ObjectStore } from "../../../src/kube/cache/object-store.ts";
import type { Cached } from "../../../src/kube/cache/object-store.ts";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import { objectKey } from "../../../src/kube/kube-object.ts";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import type { KubeTransport } from "../../../src/kube/transport/kube-transport.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/logger.ts";

const PODS = { group: "", version: "v1", plural: "pods" };

interface CountedPod extends Cached {
  readonly isRunning: boolean;
}

/** Counts the pods of the namespace as they come and go, by one watch. */
export class PodCounter {
  readonly #end = new AbortController();
  readonly #uids = new Set<string>();
  /** Changes that the watch has told. */
  events = 0;
  readonly #store = new ObjectStore<CountedPod, "running">({
    running: ({ isRunning }) => (isRunning ? ["yes"] : []),
  });

  constructor(transport: KubeTransport) {
    this.#store.listen((change) => {
      this.events += 1;
      if (change.kind === "added") this.#uids.add(change.now.uid);
    });
    const reflector = new Reflector<CountedPod>({
      client: new KubeClient(transport),
      transport,
      resource: PODS,
      place: { namespace: "default" },
      project: (object) => ({
        key: objectKey(object.metadata),
        uid: object.metadata.uid,
        resourceVersion: object.metadata.resourceVersion,
        isRunning: phaseOf(object) === "Running",
      }),
      store: this.#store,
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
    });
    void reflector.run(this.#end.signal);
  }

  /** Pods that there are now. */
  get live(): number {
    return this.#store.size;
  }

  get running(): number {
    return this.#store.count("running", "yes");
  }

  /** Pods that there ever were. */
  get seen(): number {
    return this.#uids.size;
  }

  stop(): void {
    this.#end.abort();
  }
}

function phaseOf(object: KubeObject): string {
  return (object as { readonly status?: { readonly phase?: string } }).status?.phase ?? "";
}
