import { servePart } from "../bench/serve-part.ts";
import { benchPod } from "../kube/bench-pod.ts";
import type { Contender, ContenderSetup, PodMirror } from "../kube/contender.ts";

/** Names of the ways to speak to the API server. */
export type ContenderName = "own" | "http2" | "stock";

/** A contender in a process of its own. CPU is user and system time; heap is after a collection. */
export type ContenderApi = {
  start(setup: ContenderSetup & { readonly name: ContenderName }): Promise<void>;
  /** Creates pods, so many at once. */
  create(task: {
    readonly prefix: string;
    readonly count: number;
    readonly inFlight: number;
  }): Promise<{ readonly seconds: number; readonly cpuMs: number }>;
  /** Fills the mirror. */
  mirror(): Promise<{
    readonly seconds: number;
    readonly cpuMs: number;
    readonly heapBytes: number;
    readonly size: number;
  }>;
  /** Since the mirror was filled. */
  heard(): Promise<{ readonly events: number; readonly cpuMs: number }>;
};

let contender: Contender | undefined;
let mirror: PodMirror | undefined;
let marked = { events: 0, cpuMs: 0 };

/** Each process holds the code of one, or their memory could not be compared. */
const MAKERS = {
  own: async (setup: ContenderSetup) => (await import("../kube/own-contender.ts")).ownContender(setup),
  http2: async (setup: ContenderSetup) => (await import("../kube/http2-contender.ts")).http2Contender(setup),
  stock: async (setup: ContenderSetup) => (await import("../kube/stock-contender.ts")).stockContender(setup),
};

servePart(
  {
    start: async ({ name, ...setup }) => {
      contender = await MAKERS[name](setup);
    },
    create: async ({ prefix, count, inFlight }) => {
      let next = 0;
      const [cpuBeforeMs, startedMs] = [cpuMs(), performance.now()];
      const work = async (): Promise<void> => {
        while (next < count) await contender?.createPod(benchPod(`${prefix}-${next++}`));
      };
      await Promise.all(Array.from({ length: inFlight }, work));
      return { seconds: (performance.now() - startedMs) / 1000, cpuMs: cpuMs() - cpuBeforeMs };
    },
    mirror: async () => {
      const heapBefore = heapBytes();
      const [cpuBeforeMs, startedMs] = [cpuMs(), performance.now()];
      mirror = await contender?.mirrorPods?.();
      const end = { seconds: (performance.now() - startedMs) / 1000, cpuMs: cpuMs() - cpuBeforeMs };
      marked = { events: mirror?.events() ?? 0, cpuMs: cpuMs() };
      return { ...end, heapBytes: heapBytes() - heapBefore, size: mirror?.size() ?? 0 };
    },
    heard: async () => ({ events: (mirror?.events() ?? 0) - marked.events, cpuMs: cpuMs() - marked.cpuMs }),
  } satisfies ContenderApi,
  async () => {
    await mirror?.stop();
    await contender?.close();
  },
);

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Node is started with --expose-gc. */
function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
