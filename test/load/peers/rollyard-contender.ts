import { findPlaces, readPackage } from "../../../scripts/lib/places.mjs";
import type { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import type { Closers } from "../bench/closers.ts";
import { Part } from "../bench/part.ts";
import { makeClaimJob, removeClaimJob } from "../cluster/claim-job.ts";
import type { ClaimerApi, ClaimingJob } from "../parts/claimer-main.ts";
import type { Contender } from "./contender.ts";
import { untilPods, untilPodsRun } from "./until-pods.ts";
import type { UnitWatch } from "./unit-watch.ts";

const NAME = "peer";

/** Its pool, and how its controller is started; its settings are the defaults. */
export interface RollyardOptions {
  readonly units: number;
  readonly pool: number;
  readonly command: string;
}

/** Claims over the bus, as workers make them, against an Environment. */
export class RollyardContender implements Contender {
  readonly command: string;
  readonly pool: number;
  poolAskedAtMs = 0;
  readonly #world: ClusterWorld;
  readonly #closers: Closers;
  readonly #units: number;
  #claimer: Part<ClaimerApi> | null = null;
  #job: ClaimingJob | null = null;

  constructor(world: ClusterWorld, closers: Closers, { units, pool, command }: RollyardOptions) {
    this.#world = world;
    this.#closers = closers;
    this.#units = units;
    this.pool = pool;
    this.command = `${command} (${readPackage(findPlaces().root).version})`;
  }

  get processes(): Readonly<Record<string, readonly number[]>> {
    const { controllers, nats } = this.#world;
    return {
      controller: controllers.map(({ pid }) => pid),
      "nats-server": nats.map(({ service }) => service.pid),
      client: [this.#claimer?.pid ?? 0],
    };
  }

  async prepare(): Promise<void> {
    const world = this.#world;
    await world.startServices();
    const claimer = new Part<ClaimerApi>("claimer-main.ts");
    this.#closers.add(() => claimer.stop());
    const address = `127.0.0.1:${world.nats[0]?.port ?? 0}`;
    const password = process.env["NATS_PASSWORD"] ?? "";
    await claimer.call("start", { address, user: "worker", password, folder: world.folder });
    this.#claimer = claimer;
    this.poolAskedAtMs = performance.now();
    // One more than is measured: once the controller answers for it, it knows the job.
    this.#job = await makeClaimJob(world, { name: NAME, warmReplicas: this.pool }, this.#units + 1);
    const probe = { firstItem: this.#units, count: 1 };
    await this.#claim(probe);
    await this.#claimerOrThrow().call("release", { job: this.#jobOrThrow(), ...probe });
  }

  get(): Promise<readonly number[]> {
    return this.#claim({ firstItem: 0, count: this.#units });
  }

  untilSettled(pods: UnitWatch): Promise<void> {
    return untilPodsRun(pods, this.#units + this.pool);
  }

  giveBack(): Promise<void> {
    const range = { firstItem: 0, count: this.#units };
    return this.#claimerOrThrow().call("release", { job: this.#jobOrThrow(), ...range });
  }

  async cleanUp(pods: UnitWatch): Promise<void> {
    await removeClaimJob(this.#world, NAME);
    await untilPods(pods, 0);
    await this.#claimer?.stop();
    await Promise.all(this.#world.controllers.map((controller) => controller.stop()));
  }

  async #claim(range: { readonly firstItem: number; readonly count: number }): Promise<readonly number[]> {
    const task = { job: this.#jobOrThrow(), perSecond: null, ...range };
    const { waitedMs, refused } = await this.#claimerOrThrow().call("claim", task);
    if (refused.length > 0) throw new Error(`claims were answered ${refused[0] ?? ""}`);
    return waitedMs;
  }

  #claimerOrThrow(): Part<ClaimerApi> {
    if (this.#claimer === null) throw new Error("it was not prepared");
    return this.#claimer;
  }

  #jobOrThrow(): ClaimingJob {
    if (this.#job === null) throw new Error("it was not prepared");
    return this.#job;
  }
}
