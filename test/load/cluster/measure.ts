import { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { runClusterJob } from "../../chaos/cluster/run-cluster-job.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { rssOf, usageOf } from "../bench/process-usage.ts";
import { Part } from "../bench/part.ts";
import type { Closers } from "../bench/closers.ts";
import type { ClaimerApi, ClaimFigures, ClaimingJob, ClaimTask } from "../parts/claimer-main.ts";
import { readApiCounts, sumOf, writesBetween } from "./api-counts.ts";
import { createBarePods, makeNodes, removePods, untilGone, untilRunning } from "./bare-pods.ts";
import { compiledController } from "./compiled-controller.ts";
import { meterController } from "./controller-calls.ts";
import type { ControllerWork } from "./controller-calls.ts";
import {
  ALL_STARTS,
  DEFAULT_STARTS,
  FEWEST_STARTS,
  makeClaimJob,
  removeClaimJob,
  shapeStarts,
} from "./claim-job.ts";
import { meterCpu } from "./cpu-by-process.ts";
import type { CpuByProcess } from "./cpu-by-process.ts";
import { PodCounter } from "./pod-counter.ts";

/** How much is done. */
export interface ClusterLoad {
  /** Rollouts of the job whose writes are counted. */
  readonly rollouts: number;
  /** Sandboxes of a burst, and of the pool of the warm claims. */
  readonly burst: number;
  /** Sandboxes that live while the controller's memory is read. */
  readonly live: number;
  readonly claimsPerSecond: number;
  /** Folder that the controller writes a CPU profile of its whole life to. */
  readonly profile: string | null;
}

/** Writes of a job's life, from its objects' creation to their end. */
export interface WriteFigures {
  readonly rollouts: number;
  readonly perRollout: number;
  readonly ofControllers: number;
  /** By method and resource, a rollout. */
  readonly each: Readonly<Record<string, number>>;
}

/** Sandboxes for as many claims at once, beside bare pods. */
export interface BurstFigures {
  readonly claims: number;
  readonly watchLagMs: number;
  readonly bare: TimedWork;
  readonly leased: TimedWork;
  readonly claim: Quantiles;
  readonly overCreated: number;
  readonly work: ControllerWork;
}

/** How long something took, and who used the machine meanwhile. */
export interface TimedWork {
  readonly seconds: number;
  readonly cpuMs: CpuByProcess;
}

/** Claims at a steady rate against a pool. */
export interface WarmFigures {
  readonly pool: number;
  readonly claims: number;
  readonly perSecond: number;
  /** Starts a second that the Environment allows meanwhile; null: as many as the cluster takes. */
  readonly refillPerSecond: number | null;
  readonly warm: number;
  readonly claim: Quantiles;
  readonly refused: number;
  /** All writes of everybody while claims were answered, by method and resource: the refill of the pool is among them. */
  readonly writes: Readonly<Record<string, number>>;
}

/** Claims while nothing but claims happens. */
export interface PathFigures {
  readonly claims: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly claim: Quantiles;
  /** As {@link WarmFigures.writes}. */
  readonly writes: Readonly<Record<string, number>>;
}

/** The controller while many sandboxes live. */
export interface LiveFigures {
  /** All that live. */
  readonly sandboxes: number;
  /** Those that were filled in. */
  readonly pool: number;
  readonly seconds: number;
  /** Once it is quiet again. */
  readonly rssMiB: number;
  readonly peakRssMiB: number;
  readonly work: ControllerWork;
}

/** Milliseconds. */
export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

interface ClaimRate extends Omit<ClaimTask, "job"> {
  readonly perSecond: number;
}

const MIB = 1024 ** 2;
const QUIET_MS = 20_000;
/** Longer than the pause between two writes of one status. */
const STILL_MS = 3000;
const STILL_WITHIN_MS = 60_000;
/** Of the rate at which a pool fills: what claims may come at for as long as they like. */
const KEPT_UP = 0.8;
/** Seconds for which claims come. */
export const WARM_SECONDS = 20;
/** Of claims whose pool is refilled as fast as can be, which takes all of the machine. */
const SHORT_SECONDS = 10;
/** Most claims of the rate that the refill keeps up with. */
const KEPT_UP_CLAIMS = 4000;

/** A real job with real sandboxes, and every write of the API server that it cost. */
export async function measureWrites(
  { rollouts, profile }: ClusterLoad,
  closers: Closers,
): Promise<WriteFigures> {
  const world = await started(
    { ...compiledController(profile), controllers: 1, workers: 2, graders: 2 },
    closers,
  );
  await world.startServices();
  const before = await readApiCounts(world.whole.transport);
  const job = { name: "writes", environment: "writes", rollouts, parallelism: 32, seed: 3 };
  const { findings } = await runClusterJob(world, job);
  if (findings.length > 0) throw new Error(findings.map(({ what }) => what).join("\n"));
  const writes = writesBetween(before, await readApiCounts(world.whole.transport));
  const own = [...world.proxy.writes].filter(([what]) => !what.endsWith(" leases"));
  await world.stop();
  return {
    rollouts,
    perRollout: sumOf(writes) / rollouts,
    ofControllers: sumOf(new Map(own)) / rollouts,
    each: Object.fromEntries([...writes].map(([what, count]) => [what, count / rollouts])),
  };
}

/** What a cluster for claims is made for. */
export interface ClaimBenchSize extends Pick<ClusterLoad, "profile"> {
  readonly pods: number;
  /** Whether the controller's calls go through the proxy, which can make its watches late. */
  readonly hasProxy: boolean;
}

/** One controller on a cluster whose nodes kwok plays, and somebody who claims. */
export class ClaimBench {
  readonly world: ClusterWorld;
  readonly counter: PodCounter;
  readonly #claimer: Part<ClaimerApi>;

  private constructor(world: ClusterWorld, counter: PodCounter, claimer: Part<ClaimerApi>) {
    this.world = world;
    this.counter = counter;
    this.#claimer = claimer;
  }

  static async start({ pods, hasProxy, profile }: ClaimBenchSize, closers: Closers): Promise<ClaimBench> {
    const none = { workers: 0, graders: 0, hasLocalNode: false };
    const controller = { ...compiledController(profile), controllers: 1 };
    const world = await started({ ...controller, ...none, isDirect: !hasProxy }, closers);
    await makeNodes(world.whole.client, pods);
    await world.startServices();
    const counter = new PodCounter(world.whole.transport);
    closers.add(async () => counter.stop());
    const claimer = new Part<ClaimerApi>("claimer-main.ts");
    closers.add(() => claimer.stop());
    const address = `127.0.0.1:${world.nats[0]?.port ?? 0}`;
    const password = process.env["NATS_PASSWORD"] ?? "";
    await claimer.call("start", { address, user: "worker", password, folder: world.folder });
    return new ClaimBench(world, counter, claimer);
  }

  async stop(): Promise<void> {
    this.counter.stop();
    await this.#claimer.stop();
    await this.world.stop();
  }

  /** Bare pods, then as many claims at once, nothing warm. */
  async burst(claims: number, watchLagMs: number): Promise<BurstFigures> {
    const { world, counter } = this;
    const bare = await this.#bare(claims);
    const job = await makeClaimJob(world, { name: `burst-${watchLagMs}`, warmReplicas: 0 }, claims);
    await this.#untilKnown(job, claims);
    world.proxy.watchLagMs = watchLagMs;
    const [seenBefore, work] = [counter.seen, await meterController(world, counter)];
    const cpu = meterCpu(world, this.#claimer.pid);
    const figures = await this.#claim(job, { firstItem: 0, count: claims - 1, perSecond: null });
    const leased = { seconds: figures.seconds, cpuMs: cpu() };
    // The first claim of all was made before.
    const created = counter.seen - seenBefore;
    const done = await work();
    world.proxy.watchLagMs = 0;
    await removeClaimJob(world, `burst-${watchLagMs}`);
    await untilGone(counter);
    return {
      claims,
      watchLagMs,
      bare,
      leased,
      claim: quantiles(figures.waitedMs),
      overCreated: created - (claims - 1),
      work: done,
    };
  }

  /**
   * A pool that is filled, the controller's size then, and claims against it while it is refilled as fast as can be. With
   * `keepsUp` a second row has claims at a rate that the refill keeps up with; else the first has a refill as
   * Environments have it by default, and the second is short.
   */
  async warm(
    pool: number,
    {
      claims,
      perSecond,
      keepsUp,
    }: { readonly claims: number; readonly perSecond: number; readonly keepsUp: boolean },
  ): Promise<{ readonly live: LiveFigures; readonly warm: readonly WarmFigures[] }> {
    const { world, counter } = this;
    const name = `warm-${pool}`;
    const [work, liveBefore] = [await meterController(world, counter), counter.running];
    const startedMs = performance.now();
    const job = await makeClaimJob(world, { name, warmReplicas: pool }, claims + KEPT_UP_CLAIMS);
    await untilRunning(counter, liveBefore + pool);
    const filled = { pool, seconds: (performance.now() - startedMs) / 1000, work: await work() };
    const live = { ...filled, ...(await this.#sizeWhenQuiet()), sandboxes: counter.running };
    const { seconds } = filled;
    await this.#untilKnown(job, claims);
    const surge = { pool, firstItem: 0, count: claims - 1, perSecond };
    if (!keepsUp) return { live, warm: await this.#claimShaped(job, name, surge) };
    const warm = [await this.#claimWarm(job, surge)];
    await untilRunning(counter, liveBefore + pool + claims);
    const kept = Math.max(1, Math.floor((KEPT_UP * pool) / seconds));
    const count = Math.min(KEPT_UP_CLAIMS, kept * WARM_SECONDS);
    warm.push(await this.#claimWarm(job, { pool, firstItem: claims, count, perSecond: kept }));
    return { live, warm };
  }

  /**
   * Claims against a pool that is not refilled, and every write meanwhile: of one start at a time the first never ends, for
   * the nodes are stopped.
   */
  async path(pool: number, perSecond: number): Promise<PathFigures> {
    const { world, counter } = this;
    const [name, liveBefore] = [`path-${pool}`, counter.running];
    const job = await makeClaimJob(world, { name, warmReplicas: pool }, pool);
    await untilRunning(counter, liveBefore + pool);
    await shapeStarts(world, name, FEWEST_STARTS);
    const nodes = world.whole.others.find((each) => each.name === "kwok");
    nodes?.pause();
    try {
      await this.#untilKnown(job, pool);
      await this.#untilNoWrites();
      const count = pool - 1;
      const { seconds, waitedMs, writes } = await this.#claimCounted(job, { firstItem: 0, count, perSecond });
      return { claims: count, perSecond, seconds, claim: quantiles(waitedMs), writes };
    } finally {
      nodes?.resume();
      await removeClaimJob(world, name);
      await untilGone(counter);
    }
  }

  /** Resolves when nobody has written anything for a while. */
  async #untilNoWrites(): Promise<void> {
    const { transport } = this.world.whole;
    const isQuiet = async (): Promise<boolean> => {
      const before = await readApiCounts(transport);
      await new Promise((resolve) => setTimeout(resolve, STILL_MS));
      return writesBetween(before, await readApiCounts(transport)).size === 0;
    };
    await eventually(isQuiet, (isSo) => isSo, STILL_WITHIN_MS);
  }

  /** A surge while the pool is refilled at the default rate, and a short one while it is refilled as fast as can be. */
  async #claimShaped(
    job: ClaimingJob,
    name: string,
    surge: { readonly pool: number } & ClaimRate,
  ): Promise<readonly WarmFigures[]> {
    const { perSecond, count } = surge;
    await shapeStarts(this.world, name, DEFAULT_STARTS);
    const shaped = await this.#claimWarm(job, { ...surge, refillPerSecond: DEFAULT_STARTS.startsPerSecond });
    await shapeStarts(this.world, name, ALL_STARTS);
    const short = Math.min(KEPT_UP_CLAIMS, perSecond * SHORT_SECONDS);
    return [shaped, await this.#claimWarm(job, { ...surge, firstItem: count + 1, count: short })];
  }

  async #bare(pods: number): Promise<TimedWork> {
    const cpu = meterCpu(this.world, this.#claimer.pid);
    const { client } = this.world.whole;
    const seconds = await createBarePods(client, this.counter, pods);
    const work = { seconds, cpuMs: cpu() };
    await removePods(client, this.counter);
    return work;
  }

  async #sizeWhenQuiet(): Promise<Pick<LiveFigures, "rssMiB" | "peakRssMiB">> {
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const pid = this.world.controllers[0]?.pid ?? 0;
    return { rssMiB: rssOf(pid) / MIB, peakRssMiB: usageOf(pid).rssBytes / MIB };
  }

  async #claimWarm(
    job: ClaimingJob,
    {
      pool,
      refillPerSecond = null,
      ...task
    }: { readonly pool: number; readonly refillPerSecond?: number | null } & ClaimRate,
  ): Promise<WarmFigures> {
    const { waitedMs, warm, refused, writes } = await this.#claimCounted(job, task);
    return {
      pool,
      claims: task.count,
      perSecond: task.perSecond,
      refillPerSecond,
      warm,
      claim: quantiles(waitedMs),
      refused: refused.length,
      writes,
    };
  }

  /** The claims, and what everybody wrote until the last was answered. */
  async #claimCounted(
    job: ClaimingJob,
    task: Omit<ClaimTask, "job">,
  ): Promise<ClaimFigures & Pick<PathFigures, "writes">> {
    const { transport } = this.world.whole;
    const before = await readApiCounts(transport);
    const figures = await this.#claim(job, task);
    const writes = writesBetween(before, await readApiCounts(transport));
    return { ...figures, writes: Object.fromEntries(writes) };
  }

  /** Resolves when the controller serves the job: its last rollout has got a sandbox. */
  async #untilKnown(job: ClaimingJob, rollouts: number): Promise<void> {
    await this.#claim(job, { firstItem: rollouts - 1, count: 1, perSecond: null });
  }

  async #claim(job: ClaimingJob, task: Omit<ClaimTask, "job">): Promise<ClaimFigures> {
    const figures = await this.#claimer.call("claim", { job, ...task });
    if (figures.refused.length > 0) throw new Error(`claims were answered ${figures.refused[0] ?? ""}`);
    return figures;
  }
}

async function started(
  options: Parameters<typeof ClusterWorld.start>[0],
  closers: Closers,
): Promise<ClusterWorld> {
  const world = await ClusterWorld.start(options);
  closers.add(() => world.stop());
  return world;
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}
