import { randomBytes } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../support/lib/free-port.ts";
import type { ChaosOptions } from "../options.ts";
import type { BehaviourSpec } from "./behaviour.ts";
import type { ControllerConfig } from "./controller-config.ts";
import { Link } from "./link.ts";
import type { ChaosJob } from "./job.ts";
import type { ModelConfig, Mood } from "./model/model-config.ts";
import { makeNatsNodes } from "./nats-node.ts";
import type { NatsNode, SyncInterval } from "./nats-node.ts";
import { RawBus } from "./raw-bus.ts";
import { Service } from "./service.ts";
import type { SmallDisk } from "./small-disk.ts";

/** The programs that a run starts. */
export interface Programs {
  readonly natsServer: string;
  readonly sandboxd: string;
}

/** What infrastructure does to a run beside strikes. */
export interface Faults {
  /** Percent of attempts in which the model fails a call for good. */
  readonly modelPercent: number;
  /** Percent of sandboxes whose setup fails. */
  readonly setupPercent: number;
  /** Percent of requests that the next try overcomes. */
  readonly troublePercent: number;
}

/** What the processes of a run are told beside the options. */
export interface WorldPlan {
  readonly options: ChaosOptions;
  readonly programs: Programs;
  /** Everything of the run is in it. */
  readonly folder: string;
  /** Where each server has its store; by default in the run's folder. */
  readonly stores?: readonly string[];
  /** What of the run is on disks that can be filled. */
  readonly disks?: readonly SmallDisk[];
  /** Whether each Node process says on SIGUSR2 what its heap holds. */
  readonly probesHeap?: boolean;
  readonly syncInterval: SyncInterval;
  readonly faults: Faults;
  readonly restartMs: () => number;
}

const HEAP_PROBE = new URL("../parts/heap-probe-main.ts", import.meta.url).href;
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** The processes of a run, and the lines between them and their servers. */
export class ChaosWorld {
  readonly plan: WorldPlan;
  readonly job: ChaosJob;
  readonly behaviour: BehaviourSpec;
  readonly folder: string;
  /** Folder for sandboxes, and for whatever else is temporary. */
  readonly temporary: string;
  readonly nats: readonly NatsNode[];
  readonly bus: RawBus;
  readonly model: Service;
  readonly #links = new Map<string, readonly Link[]>();
  #controller: Service | null = null;
  #workers: readonly Service[] = [];
  #graders: readonly Service[] = [];

  private constructor(
    plan: WorldPlan,
    made: Pick<ChaosWorld, "nats" | "bus" | "model" | "job" | "behaviour">,
  ) {
    this.plan = plan;
    this.folder = plan.folder;
    this.temporary = temporaryOf(plan.folder);
    this.nats = made.nats;
    this.bus = made.bus;
    this.model = made.model;
    this.job = made.job;
    this.behaviour = made.behaviour;
  }

  /** Starts servers and model; the rest of the processes come with {@link startServices}. */
  static async start(plan: WorldPlan): Promise<ChaosWorld> {
    const { options, folder, programs } = plan;
    await mkdir(temporaryOf(folder), { recursive: true });
    for (const each of [join(folder, "logs"), join(folder, "results"), heapFolderOf(folder)]) {
      await mkdir(each, { recursive: true });
    }
    // Users of sandboxes pass through.
    for (const each of [folder, temporaryOf(folder)]) await chmod(each, 0o711);
    const password = randomBytes(18).toString("base64url");
    process.env["NATS_PASSWORD"] = password;
    process.env["TMPDIR"] = temporaryOf(folder);
    process.env["NODE_OPTIONS"] = nodeOptions(plan);
    // nats-server collects its garbage by then.
    if (options.heapMib !== null) process.env["GOMEMLIMIT"] = `${options.heapMib}MiB`;
    process.env["CHAOS_HEAP_FOLDER"] = heapFolderOf(folder);
    const names = Array.from({ length: options.servers }, (_, index) => join(folder, `nats-${index + 1}`));
    const nats = await makeNatsNodes({
      binary: programs.natsServer,
      folders: names,
      ...(plan.stores === undefined ? {} : { stores: plan.stores }),
      password,
      syncInterval: plan.syncInterval,
      restartMs: plan.restartMs,
    });
    await Promise.all(nats.map(({ service }) => service.start()));
    const bus = await RawBus.connect(
      nats.map(({ port }) => port),
      password,
    );
    await bus.untilCurrent();
    const behaviour = {
      seed: options.seed,
      samplesPerItem: options.samples,
      modelFaultPercent: plan.faults.modelPercent,
    };
    const port = await freePort();
    const model = await startModel(plan, { port, behaviour });
    const job: ChaosJob = {
      seed: options.seed,
      items: Math.ceil(options.rollouts / options.samples),
      samplesPerItem: options.samples,
      parallelism: options.parallelism,
      sandboxes: options.sandboxes,
      modelOrigin: `http://127.0.0.1:${port}`,
      setupFaultPercent: plan.faults.setupPercent,
      recovery: options.recovery,
    };
    return new ChaosWorld(plan, { nats, bus, model, job, behaviour });
  }

  get rollouts(): number {
    return this.job.items * this.job.samplesPerItem;
  }

  get controller(): Service {
    if (this.#controller === null) throw new Error("the services were not started");
    return this.#controller;
  }

  get workers(): readonly Service[] {
    return this.#workers;
  }

  get graders(): readonly Service[] {
    return this.#graders;
  }

  /** All but the servers. */
  get services(): readonly Service[] {
    const controllers = this.#controller === null ? [] : [this.#controller];
    return [...this.#workers, ...this.#graders, ...controllers, this.model];
  }

  get resultsFolder(): string {
    return join(this.folder, "results");
  }

  /** See `test/chaos/parts/heap-probe-main.ts`. */
  get heapFolder(): string {
    return heapFolderOf(this.folder);
  }

  get fullStopFile(): string {
    return join(this.folder, "full-stop");
  }

  /** Controller, graders and workers. */
  async startServices(): Promise<void> {
    const { options } = this.plan;
    this.#controller = await this.#startController();
    this.#graders = await this.#startMany("grader", options.graders, "concurrency: 32");
    // The others can take what one of them leaves.
    const slots = Math.ceil(options.parallelism / Math.max(1, options.workers - 1));
    this.#workers = await this.#startMany("worker", options.workers, `slots: ${slots}`);
  }

  /** The links of one process, one to each server. */
  linksOf(service: string): readonly Link[] {
    return this.#links.get(service) ?? [];
  }

  get links(): readonly Link[] {
    return [...this.#links.values()].flat();
  }

  /** Changes the model's mood; false when it was not told. One that is started again is calm. */
  async setMood(mood: Mood): Promise<boolean> {
    const told = fetch(`${this.job.modelOrigin}/mood`, {
      method: "POST",
      body: JSON.stringify(mood),
      signal: AbortSignal.timeout(5000),
    });
    return told.then(
      (response) => response.ok,
      () => false,
    );
  }

  /** Ends all but the servers, so that streams can be read. */
  async stopServices(): Promise<void> {
    await Promise.all(this.services.map((service) => service.stop()));
  }

  /** Ends what is left. Safe to repeat. */
  async stop(): Promise<void> {
    await this.stopServices();
    await this.bus.close();
    await Promise.all(this.nats.map(({ service }) => service.stop()));
    await Promise.all(this.links.map((link) => link.close()));
    this.#links.clear();
  }

  async #startController(): Promise<Service> {
    const { options, programs, restartMs } = this.plan;
    const config: ControllerConfig = {
      servers: await this.#openLinks("controller"),
      replicas: options.servers,
      ackWaitMs: options.ackWaitMs,
      job: this.job,
      names: { jobUid: hex(), environmentUid: hex(), traceSeed: hex() },
      startedAtMs: Date.now(),
      sandboxd: programs.sandboxd,
      resultsFolder: this.resultsFolder,
      endFile: join(this.folder, "end.json"),
      fullStopFile: this.fullStopFile,
    };
    const file = join(this.folder, "controller.json");
    await writeFile(file, JSON.stringify(config));
    const service = new Service({
      name: "controller",
      command: nodeCommand("test/chaos/parts/controller-main.ts", file),
      logFile: join(this.folder, "logs", "controller.log"),
      restartMs,
      endsByItself: true,
    });
    await service.start();
    return service;
  }

  async #startMany(kind: "worker" | "grader", count: number, setting: string): Promise<readonly Service[]> {
    return Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const name = `${kind}-${index + 1}`;
        const file = join(this.folder, `${name}.yaml`);
        const servers = JSON.stringify(await this.#openLinks(name));
        const lines = [`nats: {servers: ${servers}}`, setting, "metrics: {host: 127.0.0.1, port: 0}", ""];
        await writeFile(file, lines.join("\n"));
        const service = new Service({
          name,
          command: [...nodeCommand(`services/${kind}/main.ts`, "--config"), file],
          logFile: join(this.folder, "logs", `${name}.log`),
          restartMs: this.plan.restartMs,
        });
        await service.start();
        return service;
      }),
    );
  }

  async #openLinks(service: string): Promise<readonly string[]> {
    const links = this.nats.map(({ name, port }) => new Link(`${service} to ${name}`, port));
    await Promise.all(links.map((link) => link.open()));
    this.#links.set(service, links);
    return links.map(({ address }) => address);
  }
}

async function startModel(
  { options, folder, restartMs, faults }: WorldPlan,
  given: { readonly port: number; readonly behaviour: BehaviourSpec },
): Promise<Service> {
  const config: ModelConfig = {
    ...given,
    latencyMs: options.latencyMs,
    troublePercent: faults.troublePercent,
    logFile: modelLogOf(folder),
    toolFile: toolLogOf(folder),
  };
  const file = join(folder, "model.json");
  await writeFile(file, JSON.stringify(config));
  const service = new Service({
    name: "model",
    command: nodeCommand("test/chaos/parts/model-main.ts", file),
    logFile: join(folder, "logs", "model.log"),
    restartMs,
    isUp: () =>
      fetch(`http://127.0.0.1:${given.port}/`).then(
        () => true,
        () => false,
      ),
  });
  await service.start();
  return service;
}

/** Where the simulated model accounts for its answers. */
export function modelLogOf(folder: string): string {
  return join(folder, "model.jsonl");
}

/** Where the remote tool accounts for its calls. */
export function toolLogOf(folder: string): string {
  return join(folder, "tool.log");
}

/** What all Node processes of the run are started with. */
function nodeOptions({ options, probesHeap = false }: WorldPlan): string {
  const { heapMib, youngMib } = options;
  return [
    ...(heapMib === null ? [] : [`--max-old-space-size=${heapMib}`]),
    ...(youngMib === null ? [] : [`--max-semi-space-size=${youngMib}`]),
    ...(probesHeap ? [`--import=${HEAP_PROBE}`] : []),
  ].join(" ");
}

function heapFolderOf(folder: string): string {
  return join(folder, "heap");
}

function temporaryOf(folder: string): string {
  return join(folder, "tmp");
}

function nodeCommand(script: string, ...args: readonly string[]): readonly string[] {
  return [process.execPath, join(ROOT, script), ...args];
}

function hex(): string {
  return randomBytes(6).toString("hex");
}
