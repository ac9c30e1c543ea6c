import { randomInt } from "node:crypto";
import { chmod, copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { ObjectStore } from "../../../../src/kube/cache/object-store.ts";
import { Reflector } from "../../../../src/kube/cache/reflector.ts";
import { KubeClient } from "../../../../src/kube/kube-client.ts";
import { kubeconfigCredentials } from "../../../../src/kube/transport/kubeconfig.ts";
import type { KubeTransport } from "../../../../src/kube/transport/kube-transport.ts";
import { createKubeTransport } from "../../../../src/kube/transport/https-kube-transport.ts";
import { systemClock } from "../../../../src/lib/clock.ts";
import { silentLogger } from "../../../../src/lib/logger.ts";
import { beatNode, makeNode } from "./node-heartbeat.ts";
import { PodProcess, podHome } from "./pod-process.ts";
import { endedStatus, runningStatus, waitingStatus } from "./pod-status.ts";
import type { ContainerEnd, ContainerWait } from "./pod-status.ts";
import { podView } from "./pod-view.ts";
import type { PodView } from "./pod-view.ts";
import { sandboxdCommand } from "./sandboxd-command.ts";

/** How a node of this machine is made. */
export interface LocalKubeletOptions {
  /** Of an administrator. */
  readonly kubeconfigFile: string;
  readonly node: string;
  /** Path of the sandboxd program, as the project's scripts build it. */
  readonly sandboxd: string;
  /** Folder in which everything of it is; removed at the end. */
  readonly folder: string;
  /** What a pod's image has in its workdir: a folder here; null for an empty one. */
  readonly corpus: string | null;
}

interface Box {
  readonly pod: PodView;
  readonly folder: { readonly root: string; readonly corpus: string | null };
  readonly process: PodProcess;
}

const PODS = { group: "", version: "v1", plural: "pods" };
const RETRY_MS = 500;
/** What a kubelet says of a container that it should have and does not. */
const UNKNOWN_END: ContainerEnd = { exitCode: 137, signal: 0, reason: "ContainerStatusUnknown" };
/** 127.64.0.0 to 127.127.255.255: nobody else listens there but other nodes of this kind, of whoever tests beside. */
const FIRST_ADDRESS = 64 * 65_536;
const ADDRESSES = 64 * 65_536;

/**
 * A node of a test's cluster whose pods are real sandboxd processes on this machine, each on a loopback address of its own
 * that is the pod's address too: whoever asks for it by the pod's IP and port gets it. It runs one container of a pod, the
 * one with `sandboxd serve`, without image, namespaces and limits, and says to the API server what a kubelet would.
 */
export class LocalKubelet {
  readonly #options: LocalKubeletOptions;
  readonly #transport: KubeTransport;
  readonly #client: KubeClient;
  readonly #end = new AbortController();
  readonly #boxes = new Map<string, Box>();
  readonly #busy = new Map<string, Promise<void>>();
  readonly #store = new ObjectStore<PodView>({});
  #running: Promise<void> = Promise.resolve();
  /** Pods that the API server was told to forget: once, for each call is a write. */
  readonly #gone = new Set<string>();
  /** Pods of a machine that is gone: nothing is said about them any more. */
  readonly #lost = new Set<string>();
  #binary = "";
  /** Begins anywhere: two nodes of one machine would otherwise give their pods the same addresses. */
  #addresses = randomInt(ADDRESSES);
  #wait: ContainerWait | null = null;

  private constructor(options: LocalKubeletOptions, transport: KubeTransport) {
    this.#options = options;
    this.#transport = transport;
    this.#client = new KubeClient(transport);
  }

  /** Starts it; resolves when its node is Ready. */
  static async start(options: LocalKubeletOptions): Promise<LocalKubelet> {
    await mkdir(options.folder, { recursive: true });
    // Users of sandboxes pass through.
    await chmod(options.folder, 0o711);
    const folder = await mkdtemp(join(options.folder, "kubelet-"));
    const transport = createKubeTransport(await kubeconfigCredentials(options.kubeconfigFile));
    const kubelet = new LocalKubelet({ ...options, folder }, transport);
    await kubelet.#start();
    return kubelet;
  }

  /** Name of its node. */
  get node(): string {
    return this.#options.node;
  }

  /** Where everything of its pods is, and nothing else but {@link binary}. */
  get folder(): string {
    return this.#options.folder;
  }

  /** Name of its sandboxd in {@link folder}. */
  get binary(): string {
    return basename(this.#binary);
  }

  /** Names of the pods whose sandboxd runs here now. */
  get pods(): readonly string[] {
    return this.#live().map(({ pod }) => pod.name);
  }

  /** Process ids of all sandboxds. */
  get pids(): readonly number[] {
    return this.#live().map((box) => box.process.pid);
  }

  /** From now on no container starts, for this reason; null: they do again. */
  refuseStarts(wait: ContainerWait | null): void {
    this.#wait = wait;
    for (const pod of this.#store.all()) this.#look(pod.uid);
  }

  /** Ends a pod's sandboxd as an agent would. Returns false when it does not run here. */
  killSandboxd(name: string): boolean {
    const box = this.#boxOf(name);
    box?.process.kill();
    return box !== undefined;
  }

  /** Ends a pod's container and says why, as a kubelet does for `OOMKilled`, or with a pod's reason for `Evicted`. */
  async endPod(name: string, end: ContainerEnd, pod: object = {}): Promise<boolean> {
    const box = this.#boxOf(name);
    if (box === undefined) return false;
    const { containers } = box.pod;
    await this.#patch(box.pod, endedStatus(containers, end, { now: now(), pod }));
    await box.process.remove(box.folder);
    return true;
  }

  /** Every sandboxd is gone, and nobody is left to say so. */
  async loseMachine(): Promise<void> {
    const lost = [...this.#boxes.values()];
    for (const { pod } of lost) this.#lost.add(pod.uid);
    await Promise.all(lost.map((box) => box.process.remove(box.folder)));
  }

  /**
   * Makes its node again after somebody deleted it: another machine of that name, which starts what it has not begun, and
   * knows nothing of what ran on the one before.
   */
  async makeNode(): Promise<void> {
    await makeNode(this.#client, this.#options.node);
    const lost = [...this.#lost];
    this.#lost.clear();
    for (const uid of lost) {
      this.#boxes.delete(uid);
      const pod = [...this.#store.all()].find((each) => each.uid === uid);
      if (pod?.phase === "Running" && !pod.isDeleted) this.#onEnd(pod, UNKNOWN_END);
      else this.#look(uid);
    }
  }

  /** Ends every sandboxd and removes their folders; their pods stay as they are. Safe to repeat. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
    await Promise.all(this.#busy.values());
    await Promise.all([...this.#boxes.values()].map((box) => box.process.remove(box.folder)));
    this.#boxes.clear();
    await this.#transport.close();
    await rm(this.#options.folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const { folder, sandboxd, node } = this.#options;
    this.#binary = join(folder, "sandboxd");
    await copyFile(sandboxd, this.#binary);
    for (const each of [folder, this.#binary]) await chmod(each, 0o755);
    await beatNode(this.#client, node, this.#end.signal);
    this.#store.listen((change) =>
      this.#look(change.kind === "removed" ? change.before.uid : change.now.uid),
    );
    const reflector = new Reflector<PodView>({
      client: this.#client,
      transport: this.#transport,
      resource: PODS,
      selectors: { fieldSelector: `spec.nodeName=${node}` },
      project: podView,
      store: this.#store,
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
    });
    this.#running = reflector.run(this.#end.signal);
    await reflector.untilSynced();
  }

  #boxOf(name: string): Box | undefined {
    return this.#live().find(({ pod }) => pod.name === name);
  }

  #live(): readonly Box[] {
    return [...this.#boxes.values()].filter(({ pod }) => !this.#lost.has(pod.uid));
  }

  /** One look at a pod at a time; a change meanwhile means another look. */
  #look(uid: string): void {
    const before = this.#busy.get(uid) ?? Promise.resolve();
    const looking = before.then(() => this.#sync(uid)).catch(() => this.#lookLater(uid));
    this.#busy.set(uid, looking);
    void looking.then(() => {
      if (this.#busy.get(uid) === looking) this.#busy.delete(uid);
    });
  }

  #lookLater(uid: string): void {
    if (this.#end.signal.aborted) return;
    setTimeout(() => this.#look(uid), RETRY_MS).unref();
  }

  async #sync(uid: string): Promise<void> {
    if (this.#end.signal.aborted || this.#lost.has(uid)) return;
    const pod = [...this.#store.all()].find((each) => each.uid === uid);
    const box = this.#boxes.get(uid);
    if (pod === undefined || pod.isDeleted) {
      await box?.process.remove(box.folder);
      this.#boxes.delete(uid);
      if (pod === undefined) this.#gone.delete(uid);
      else if (!this.#gone.has(uid)) await this.#sayGone(pod);
    } else if (box === undefined && pod.phase === "Pending") await this.#run(pod);
  }

  async #run(pod: PodView): Promise<void> {
    if (this.#wait !== null) return this.#patch(pod, waitingStatus(pod.containers, this.#wait, now()));
    const address = this.#nextAddress();
    const folder = { root: join(this.#options.folder, pod.uid), corpus: this.#options.corpus };
    const home = podHome(folder.root, this.#binary, address);
    const command = pod.containers
      .map((container) => sandboxdCommand(container, home))
      .find((each) => each !== null);
    if (command === undefined || command === null) return;
    const process = await PodProcess.start(command, home, folder);
    this.#boxes.set(pod.uid, { pod, folder, process });
    if (await process.untilReady()) {
      void process.ended.then((end) => this.#onEnd(pod, end));
      await this.#patch(pod, runningStatus(pod.containers, address, now()));
    } else this.#onEnd(pod, await process.ended);
  }

  /** A container that ended by itself. */
  #onEnd(pod: PodView, end: ContainerEnd): void {
    if (this.#end.signal.aborted || this.#lost.has(pod.uid)) return;
    const current = [...this.#store.all()].find(({ uid }) => uid === pod.uid);
    if (current === undefined || current.isDeleted || current.phase === "Failed") return;
    void this.#patch(pod, endedStatus(pod.containers, end, { now: now() }));
  }

  /** Told until the API server takes it, as a kubelet does: a container that runs is not started again for it. */
  async #patch(pod: PodView, status: object): Promise<void> {
    const place = { namespace: pod.namespace, name: pod.name, subresource: "status" } as const;
    while (!this.#end.signal.aborted && !this.#lost.has(pod.uid)) {
      try {
        // A pod of that name may be another one by now.
        const body = { metadata: { uid: pod.uid }, status };
        const { kind } = await this.#client.patch(PODS, place, { body });
        if (kind !== "conflict" || (await this.#isGone(pod))) return;
      } catch {
        // The API server is away.
      }
      await systemClock.sleep(RETRY_MS, this.#end.signal);
    }
  }

  async #isGone({ namespace, name, uid }: PodView): Promise<boolean> {
    return (await this.#client.get(PODS, { namespace, name }))?.metadata.uid !== uid;
  }

  async #sayGone({ namespace, name, uid }: PodView): Promise<void> {
    const options = { gracePeriodSeconds: 0, preconditions: { uid } };
    await this.#client.delete(PODS, { namespace, name }, options);
    this.#gone.add(uid);
  }

  #nextAddress(): string {
    const number = FIRST_ADDRESS + (this.#addresses++ % ADDRESSES);
    return [127, number >> 16, (number >> 8) & 255, number & 255].join(".");
  }
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+Z/, "Z");
}
