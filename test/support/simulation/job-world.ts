import { compileGrader } from "../../../src/grader/compile-grader.ts";
import { GraderService } from "../../../src/grader/grader-service.ts";
import { GraderWaits } from "../../../src/grader/grader-waits.ts";
import { noGraderMetrics } from "../../../src/grader/metrics.ts";
import type { JobIdentity } from "../../../src/job/job-identity.ts";
import { JobRunner } from "../../../src/job/job-runner.ts";
import type { RunEnd } from "../../../src/job/job-runner.ts";
import type { CountedOutcome } from "../../../src/job/rebuild-ledger.ts";
import { rolloutJobSpecSchema } from "../../../src/job/rollout-job.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import type { IdSource } from "../../../src/rollout/ids.ts";
import { noObserver } from "../../../src/rollout/observer.ts";
import { Worker } from "../../../src/rollout/worker.ts";
import { FakeBus } from "../bus/fake-bus.ts";
import type { FakeBusClient } from "../bus/fake-bus.ts";
import type { FakeBusFaults } from "../bus/fake-faults.ts";
import { SeededRandom } from "./random.ts";
import { simulatedAgent } from "./simulated-agent.ts";
import { SimulatedSandboxes } from "./simulated-sandboxes.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** One simulated job: what happens in it follows from the seed alone. */
export interface JobWorldOptions {
  readonly seed: number;
  readonly replicas: 1 | 3;
  readonly items: number;
  readonly samplesPerItem: number;
  readonly workers: number;
  readonly faults?: (random: SeededRandom) => FakeBusFaults;
  readonly sandboxLossChance?: number;
  readonly modelFailureChance?: number;
  /** So many workers are killed, each replaced at once, a second apart in the mean. */
  readonly kills?: number;
}

const IDENTITY: JobIdentity = {
  namespace: "sim",
  jobName: "job",
  jobUid: "0123456789ab",
  environmentUid: "ba9876543210",
  specHash: "0".repeat(64),
  traceSeed: "seed",
};

/** The real planner, workers and graders on a simulated bus, clock, model and sandboxes. */
export class JobWorld {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly bus: FakeBus;
  readonly sandboxes: SimulatedSandboxes;
  readonly outcomes: CountedOutcome[] = [];
  readonly runner: JobRunner;
  /** Workers killed so far. */
  killed = 0;
  readonly #options: JobWorldOptions;
  readonly #workers: { readonly worker: Worker; readonly client: FakeBusClient }[] = [];
  readonly #ids: IdSource;
  #names = 0;

  constructor(options: JobWorldOptions) {
    this.#options = options;
    this.random = new SeededRandom(options.seed);
    const faults = options.faults?.(this.random) ?? {};
    this.bus = new FakeBus({ replicas: options.replicas, clock: this.clock, faults, latencyMs: 1 });
    this.sandboxes = new SimulatedSandboxes(this.clock, this.random, options.sandboxLossChance ?? 0);
    let serial = 0;
    this.#ids = {
      shortUid: () => String((serial += 1)).padStart(12, "0"),
      traceId: () => `trace_${(serial += 1)}`,
      nonce: () => `nonce-${(serial += 1)}`,
    };
    this.runner = this.#newRunner();
  }

  /** Runs the job to its end, in simulated time. */
  run(limitMs: number): Promise<RunEnd> {
    return this.clock.run(this.#play(this.runner), limitMs);
  }

  /** Interrupts the job after a time, lets it stop in good order, and then runs it to its end in a second session. */
  async runInterrupted(afterMs: number, limitMs: number): Promise<readonly [RunEnd, RunEnd]> {
    void this.clock.sleep(afterMs).then(() => this.runner.interrupt("job_interrupted"));
    const first = await this.clock.run(this.#play(this.runner), limitMs);
    this.outcomes.length = 0;
    const second = await this.clock.run(this.#play(this.#newRunner()), limitMs);
    return [first, second];
  }

  async #play(runner: JobRunner): Promise<RunEnd> {
    for (let index = 0; index < this.#options.workers; index += 1) await this.#addWorker();
    const grader = this.#newGrader();
    const grading = grader.run();
    const stop = new AbortController();
    const killing = this.#killLoop(stop.signal);
    const end = await runner.run();
    stop.abort();
    await killing;
    grader.drain();
    await grading;
    await Promise.all(this.#workers.splice(0).map(({ worker }) => worker.stop()));
    return end;
  }

  async #killLoop(signal: AbortSignal): Promise<void> {
    const { kills = 0 } = this.#options;
    while (this.killed < kills && !signal.aborted) {
      await this.clock.sleep(this.random.between(1, 2000), signal);
      const victim = this.#workers.splice(this.random.between(0, this.#workers.length - 1), 1)[0];
      if (signal.aborted || victim === undefined) return;
      this.killed += 1;
      victim.client.kill();
      void victim.worker.stop();
      await this.#addWorker();
    }
  }

  async #addWorker(): Promise<void> {
    const { samplesPerItem, modelFailureChance = 0 } = this.#options;
    const id = `worker-${(this.#names += 1)}`;
    const client = this.bus.connect(id);
    const { clock, random } = this;
    const setup = simulatedAgent({ clock, random, samplesPerItem, modelFailureChance });
    const worker = new Worker(
      {
        bus: client,
        clock,
        ids: this.#ids,
        logger: silentLogger,
        observer: noObserver,
        claims: this.sandboxes,
        setupFor: async () => setup,
      },
      { id, slots: 8 },
    );
    await worker.start();
    this.#workers.push({ worker, client });
  }

  #newGrader(): GraderService {
    const client = this.bus.connect("grader");
    const spec = {
      type: "string_check",
      name: "any",
      operation: "like",
      input: "{{ sample.output_text }}",
      reference: "{{ item.answer }}",
    } as const;
    const grader = compileGrader(spec, { passThreshold: 1 });
    return new GraderService({
      source: client,
      store: client,
      concurrency: 4,
      clock: this.clock,
      logger: silentLogger,
      metrics: noGraderMetrics,
      endpointCaller: { post: () => Promise.reject(new Error("no endpoint")) },
      waits: new GraderWaits(silentLogger),
      cleanSandboxFor: () => ({
        open: () => Promise.reject(new Error("no sandbox")),
        discard: () => undefined,
        close: () => Promise.resolve(),
      }),
      nonce: () => this.#ids.nonce(),
      loadSetup: async () => ({
        environment: "env",
        graderType: "string_check",
        grader,
        hasResponseFormat: false,
        timeLimitMs: 60_000,
      }),
    });
  }

  #newRunner(): JobRunner {
    const { items, samplesPerItem } = this.#options;
    const spec = rolloutJobSpecSchema.parse({
      environmentRef: { name: "env" },
      dataset: { inline: [{ answer: "turns" }] },
      samplesPerItem,
      parallelism: 24,
      model: { baseURL: "http://model.invalid/v1", name: "sim" },
      retry: { maxAttempts: 5, budgetPercent: 1000 },
    });
    const deps = {
      bus: this.bus.connect("controller"),
      clock: this.clock,
      ids: this.#ids,
      logger: silentLogger,
      signal: new AbortController().signal,
      onOutcome: (counted: CountedOutcome) => void this.outcomes.push(counted),
    };
    return new JobRunner(deps, {
      identity: IDENTITY,
      spec,
      items: Array.from({ length: items }, (_, index) => ({ answer: index % 2 === 0 ? "turns" : "nothing" })),
      indexes: null,
      startedAtMs: this.clock.nowMs(),
    });
  }
}
