import { RollyardError } from "../../../errors/rollyard-error.ts";
import { busUid } from "../../../kube/bus-uid.ts";
import type { KubeClient } from "../../../kube/kube-client.ts";
import { objectKey } from "../../../kube/kube-object.ts";
import type { Clock } from "../../../lib/clock.ts";
import type { Logger } from "../../../lib/logger.ts";
import { Turns } from "../../../lib/turns.ts";
import type { AdoptedSandbox, LaunchedSandbox, LaunchRequest, SandboxLauncher } from "../../port.ts";
import { mergePodTemplate } from "./merge-pod-template.ts";
import type { NodeCache } from "./node-cache.ts";
import type { PodCache } from "./pod-cache.ts";
import type { PodManifest } from "./pod-shape.ts";
import type { PodView } from "./pod-view.ts";
import { PodWrites } from "./pod-writes.ts";
import { podName, sandboxPod } from "./sandbox-pod.ts";
import type { PodPlace } from "./sandbox-pod.ts";
import { TrackedPod } from "./tracked-pod.ts";

/** What the launcher of one Environment works with. */
export interface KubernetesLauncherOptions extends Omit<PodPlace, "owner"> {
  readonly client: KubeClient;
  /** Both have to be synced before the first call. */
  readonly pods: PodCache;
  readonly nodes: NodeCache;
  readonly namespace: string;
  readonly environment: {
    readonly name: string;
    /** The object's whole uid. */
    readonly uid: string;
  };
  readonly clock: Clock;
  readonly logger: Logger;
}

const LOOK_EVERY_MS = 1_000;
/** Below the connections of the transport: deletions never wait behind what is started. A pod is made when its turn comes. */
const CREATIONS_AT_ONCE = 24;
/** A pod on a node that is dead stays for minutes; whoever deleted it need not wait for that. */
const GONE_WITHIN_MS = 30_000;
/** Of a pod whose sandbox's spec is not known any more. */
const ADOPTED_READY_SECONDS = 300;
const NO_VENV =
  "spec.graderRuntime.venv needs sandboxes that see this machine's Python; on a cluster give image.";

/** One pod a sandbox. Pods outlive this process: the next leader finds them by {@link adopt}. */
export class KubernetesLauncher implements SandboxLauncher {
  readonly name = "kubernetes";
  readonly notEnforced = ["spec.sandbox.pidsLimit is the nodes' to enforce, by the kubelet's podPidsLimit."];
  readonly #options: KubernetesLauncherOptions;
  readonly #place: PodPlace;
  readonly #writes: PodWrites;
  readonly #creations = new Turns(CREATIONS_AT_ONCE);
  readonly #tracked = new Map<string, TrackedPod>();
  /** Those that time alone may change; of ten thousand that are ready none is, while their nodes are alive. */
  readonly #restless = new Set<TrackedPod>();
  #fallsSeen = 0;
  readonly #closing = new AbortController();
  // One of each for all pods: a closure for every pod would be more than what is known of it.
  readonly #removeTracked = (tracked: TrackedPod): Promise<void> => this.#remove(tracked);
  readonly #podChanged = (key: string): void => {
    const tracked = this.#tracked.get(key);
    if (tracked !== undefined) this.#look(tracked);
  };
  #isLooking = false;

  constructor(options: KubernetesLauncherOptions) {
    const { namespace, environment } = options;
    this.#options = options;
    this.#place = { ...options, owner: { ...environment, namespace } };
    this.#writes = new PodWrites({ ...options, signal: this.#closing.signal });
  }

  async start(request: LaunchRequest): Promise<LaunchedSandbox> {
    const { clock, pods } = this.#options;
    const onProgress = request.onProgress ?? (() => undefined);
    const tracked = this.#track({
      name: podName(this.#place.owner, request.sandboxUid),
      sandboxUid: request.sandboxUid,
      readySeconds: request.spec.readySeconds,
      wasReady: false,
      clock,
      onProgress,
    });
    pods.expect(tracked.key);
    try {
      tracked.uid = await this.#creations.run(() =>
        this.#writes.create(podOf(request, this.#place), onProgress),
      );
    } catch (error) {
      this.#forget(tracked);
      throw error;
    }
    pods.answered(tracked.key);
    this.#look(tracked);
    return tracked.ready;
  }

  adopt(leased: ReadonlySet<string>): readonly AdoptedSandbox[] {
    const { pods, environment } = this.#options;
    return pods
      .ofEnvironment(busUid(environment.uid))
      .filter((pod) => !this.#tracked.has(pod.key))
      .filter((pod) => leased.has(pod.sandboxUid) || !pod.isDeleting)
      .map((pod) => this.#adopt(pod, leased.has(pod.sandboxUid)));
  }

  /** Deletes nothing: what shall not outlive this process was stopped before. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const tracked of Array.from(this.#tracked.values())) {
      this.#forget(tracked);
      tracked.fail(new RollyardError("sandbox_start_failed", { details: { reason: "closed" } }));
    }
  }

  #adopt(pod: PodView, wasReady: boolean): AdoptedSandbox {
    const { sandboxUid, template, name } = pod;
    const tracked = this.#track({
      name,
      sandboxUid,
      readySeconds: ADOPTED_READY_SECONDS,
      wasReady,
      clock: this.#options.clock,
      onProgress: () => undefined,
    });
    tracked.uid = pod.uid;
    this.#look(tracked);
    return { sandboxUid, template, ready: tracked.ready, stop: () => tracked.stop() };
  }

  #track(options: Omit<ConstructorParameters<typeof TrackedPod>[0], "key" | "remove">): TrackedPod {
    const key = objectKey({ namespace: this.#options.namespace, name: options.name });
    const tracked = new TrackedPod({ ...options, key, remove: this.#removeTracked });
    this.#tracked.set(key, tracked);
    this.#options.pods.watch(key, this.#podChanged);
    if (!this.#isLooking) void this.#lookOften();
    return tracked;
  }

  #forget(tracked: TrackedPod): void {
    if (this.#tracked.get(tracked.key) !== tracked) return;
    this.#tracked.delete(tracked.key);
    this.#restless.delete(tracked);
    this.#options.pods.unwatch(tracked.key);
  }

  async #remove(tracked: TrackedPod): Promise<void> {
    const { clock } = this.#options;
    if (tracked.uid === null || this.#closing.signal.aborted) return this.#forget(tracked);
    await this.#writes.remove(tracked.name, tracked.uid);
    this.#look(tracked);
    const waited = new AbortController();
    const patience = AbortSignal.any([waited.signal, this.#closing.signal]);
    await Promise.race([tracked.gone, clock.sleep(GONE_WITHIN_MS, patience)]);
    waited.abort();
    this.#forget(tracked);
  }

  #look(tracked: TrackedPod): void {
    const { pods, nodes } = this.#options;
    if (this.#tracked.get(tracked.key) === tracked) this.#restless.add(tracked);
    if (tracked.uid === null) return;
    const found = pods.get(tracked.key);
    // A namesake is another pod.
    const pod = found?.uid === tracked.uid ? found : null;
    if (pod === null && found === undefined && !pods.isGone(tracked.key)) return;
    const node = pod?.nodeName === undefined ? ({ kind: "alive" } as const) : nodes.stateOf(pod.nodeName);
    tracked.look(pod, node);
  }

  /** Whether nothing of it changes with time alone, by now. */
  #isQuiet(tracked: TrackedPod): boolean {
    const pod = this.#options.pods.get(tracked.key);
    if (pod === undefined || pod.uid !== tracked.uid || !tracked.isQuiet(pod)) return false;
    return pod.nodeName === undefined || this.#options.nodes.stateOf(pod.nodeName).kind === "alive";
  }

  /** Who is forgotten meanwhile is not visited; who is new may be. */
  #lookOnce(): void {
    const { falls } = this.#options.nodes;
    const suspects = falls === this.#fallsSeen ? this.#restless : this.#tracked.values();
    this.#fallsSeen = falls;
    for (const tracked of suspects) {
      if (!this.#isQuiet(tracked)) this.#look(tracked);
      else if (tracked.isReady) this.#restless.delete(tracked);
    }
  }

  /** Patience ends without an event. */
  async #lookOften(): Promise<void> {
    this.#isLooking = true;
    while (!this.#closing.signal.aborted && this.#tracked.size > 0) {
      await this.#options.clock.sleep(LOOK_EVERY_MS, this.#closing.signal);
      this.#lookOnce();
    }
    this.#isLooking = false;
  }
}

/** Throws `image_required`, `launcher_unavailable`, or `bad_input` for a template that can't be merged. */
function podOf(request: LaunchRequest, place: PodPlace): PodManifest {
  const { spec } = request;
  if (spec.image === undefined) throw new RollyardError("image_required");
  if ((request.venv ?? null) !== null) throw new RollyardError("launcher_unavailable", { message: NO_VENV });
  const pod = sandboxPod(request, place);
  if (spec.podTemplate === undefined) return pod;
  const merged = mergePodTemplate(pod, spec.podTemplate);
  if (merged.kind === "merged") return merged.pod;
  const reasons = merged.reasons.slice(0, 10).join(" ");
  throw new RollyardError("bad_input", { message: `spec.sandbox.podTemplate can't be used: ${reasons}` });
}
