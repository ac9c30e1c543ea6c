import { NODES } from "../../../kube/api-resources.ts";
import { ObjectStore } from "../../../kube/cache/object-store.ts";
import type { Cached } from "../../../kube/cache/object-store.ts";
import { Reflector } from "../../../kube/cache/reflector.ts";
import { objectKey } from "../../../kube/kube-object.ts";
import type { KubeObject } from "../../../kube/kube-object.ts";
import type { Clock } from "../../../lib/clock.ts";
import { listOrEmpty, objectOrEmpty } from "../../../lib/half-valid.ts";
import type { NodeState } from "./judge-pod.ts";
import type { CacheOptions } from "./pod-cache.ts";

interface NodeView extends Cached {
  /** Whether the node controller has given up waiting for its kubelet. */
  readonly isSilent: boolean;
}

/** Which nodes of a cluster are alive. */
export class NodeCache {
  readonly #store = new ObjectStore<NodeView>({});
  readonly #clock: Clock;
  readonly #reflector: Reflector<NodeView>;
  #isSynced = false;
  #falls = 0;
  /** When a node that was asked for was first found to be absent or silent, monotonic. */
  readonly #troubles = new Map<string, { readonly kind: "absent" | "silent"; readonly sinceMs: number }>();

  constructor(options: CacheOptions) {
    this.#clock = options.clock;
    this.#reflector = new Reflector<NodeView>({
      ...options,
      resource: NODES,
      project: viewNode,
      store: this.#store,
      onListed: () => {
        if (!this.#isSynced) this.#falls += 1;
        this.#isSynced = true;
      },
    });
    this.#store.listen((change) => {
      const isGone = change.kind === "removed";
      if (isGone || (change.kind === "changed" && change.now.isSilent !== change.before.isSilent))
        this.#falls += 1;
    });
  }

  /** Grows whenever a node that was alive may be so no longer. */
  get falls(): number {
    return this.#falls;
  }

  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal);
  }

  /** Resolves once it has held all nodes. */
  untilSynced(): Promise<void> {
    return this.#reflector.untilSynced();
  }

  /** What the node is now, and since when as far as it was asked. */
  stateOf(name: string): NodeState {
    const kind = this.#kindOf(name);
    if (kind === "alive") {
      this.#troubles.delete(name);
      return { kind };
    }
    const nowMs = this.#clock.monotonicMs();
    const known = this.#troubles.get(name);
    const trouble = known?.kind === kind ? known : { kind, sinceMs: nowMs };
    this.#troubles.set(name, trouble);
    return { kind, forMs: nowMs - trouble.sinceMs };
  }

  #kindOf(name: string): "alive" | "absent" | "silent" {
    if (!this.#isSynced) return "alive";
    const node = this.#store.get(name);
    if (node === undefined) return "absent";
    return node.isSilent ? "silent" : "alive";
  }
}

function viewNode(node: KubeObject): NodeView {
  const { status } = node as { readonly status?: unknown };
  const ready = listOrEmpty(objectOrEmpty(status)["conditions"])
    .map(objectOrEmpty)
    .find(({ type }) => type === "Ready");
  const { uid, resourceVersion } = node.metadata;
  return { key: objectKey(node.metadata), uid, resourceVersion, isSilent: ready?.["status"] === "Unknown" };
}
