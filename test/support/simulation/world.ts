import type { RunEnd } from "../../../src/job/job-runner.ts";
import type { CountedOutcome } from "../../../src/job/rebuild-ledger.ts";
import { workFilter } from "../../../src/bus/subjects.ts";
import type { IdSource } from "../../../src/rollout/ids.ts";
import { rolloutIndex } from "../../../src/rollout/ids.ts";
import { FakeBus } from "../bus/fake-bus.ts";
import type { FakeBusWatcher } from "../bus/fake-bus.ts";
import { Drivers } from "./drivers.ts";
import { FaultPlan } from "./fault-plan.ts";
import { finalProblems } from "./final-problems.ts";
import { runController } from "./parts/run-controller.ts";
import { runGrader } from "./parts/run-grader.ts";
import { startWorker } from "./parts/start-worker.ts";
import { Processes } from "./processes.ts";
import type { Running } from "./processes.ts";
import { SeededRandom } from "../../../src/lib/seeded-random.ts";
import { Referee } from "./referee.ts";
import { ActRules } from "./rules/act.ts";
import type { SandboxFarm } from "./sandbox-farm.ts";
import type { Part, Schedule } from "./schedule.ts";
import { serialIds } from "./serial-ids.ts";
import type { SimProcess } from "./sim-process.ts";
import { SimulatedModel } from "./simulated-agent.ts";
import { sweptFarm } from "./swept-farm.ts";
import { startTimedFaults } from "./timed-faults.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { withoutStacks } from "./without-stacks.ts";
import { IDENTITY } from "./world-specs.ts";
import type { Plant } from "./plant.ts";

/** What came of a schedule. */
export interface WorldEnd {
  /** Where the promise was broken; empty when it holds. */
  readonly problems: readonly string[];
  readonly end: RunEnd | null;
}

/** A job ends within this, whatever goes wrong at first. */
const LIMIT_MS = 6 * 3_600_000;
const SETTLE_MS = 300_000;
/** Longer than any single trouble: when nothing at all is stored for so long, nothing will be. */
const SILENCE_MS = 1_800_000;

/** The real controller, broker, workers and graders on a simulated bus, clock, model, sandboxes and endpoints. */
export class World {
  readonly schedule: Schedule;
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly faults: FaultPlan;
  readonly bus: FakeBus;
  readonly farm: SandboxFarm;
  readonly model: SimulatedModel;
  readonly referee: Referee;
  readonly drivers: Drivers;
  readonly acts: ActRules;
  readonly ids: IdSource = serialIds();
  readonly #plant: Plant;
  readonly #processes: Processes;
  #counted: CountedOutcome[] = [];
  #isOver = false;
  #settlePurgedAt = Infinity;
  #finish: (end: RunEnd | null) => void = () => undefined;

  constructor(
    schedule: Schedule,
    options: { readonly plant?: Plant; readonly watcher?: FakeBusWatcher } = {},
  ) {
    this.#plant = options.plant ?? {};
    this.schedule = schedule;
    this.random = new SeededRandom(schedule.seed);
    this.faults = new FaultPlan(schedule.faults);
    this.drivers = new Drivers(schedule);
    this.referee = new Referee(schedule, this.drivers, () => this.#finish(null));
    this.acts = new ActRules(this.referee);
    const { clock, faults } = this;
    this.bus = new FakeBus({
      replicas: schedule.shape.replicas,
      clock,
      faults: faults.busFaults(() => clock.elapsedMs),
      latencyMs: 1,
      watcher: {
        ...watching(this.referee, options.watcher ?? {}),
        purged: (stream, filter) => {
          if (stream === "work" && filter === workFilter("settle", IDENTITY))
            this.#settlePurgedAt = this.bus.stream("work").lastSequence;
        },
      },
    });
    this.#processes = this.#newProcesses();
    this.farm = sweptFarm(this, this.acts);
    this.model = new SimulatedModel({
      schedule,
      clock,
      faults,
      onCall: (process, rollout, turn) => this.#modelCalled(process, rollout, turn),
      onDeadline: (rollout) => void this.referee.record.deadlines.add(rollout),
    });
  }

  /** Runs the job to its end and judges it. */
  async run(): Promise<WorldEnd> {
    try {
      const end = await withoutStacks(() => this.clock.run(this.#play(), LIMIT_MS));
      return { problems: this.referee.problems, end };
    } catch (error) {
      return { problems: [...this.referee.problems, `the job did not end: ${String(error)}`], end: null };
    }
  }

  /** See {@link Processes.living}. */
  living(part?: Part): readonly Running[] {
    return this.#processes.living(part);
  }

  /** See {@link Processes.callsOf}. */
  callsOf(part: Part): number {
    return this.#processes.callsOf(part);
  }

  /** Wall clocks jump, those of sandboxes with their machine's. */
  shiftClocks(part: Part | "machine", byMs: number): void {
    if (part === "machine") this.farm.wallOffsetMs += byMs;
    this.#processes.shiftClocks(part, byMs);
  }

  /** See {@link Processes.launch}. */
  launch(part: Part): void {
    this.#processes.launch(part);
  }

  /** See {@link Processes.crash}. */
  crash(process: SimProcess, downMs: number): void {
    this.#processes.crash(process, downMs);
  }

  /** See {@link Processes.gone}. */
  gone(process: SimProcess): boolean {
    return this.#processes.gone(process);
  }

  /** Last sequence of the work stream when the job's settle requests were purged last; infinite before. */
  get settlePurgedAt(): number {
    return this.#settlePurgedAt;
  }

  /** Whether a planted bug lets a stale leader delete sandboxes as it likes. */
  get sweepsUnasked(): boolean {
    return this.#plant.sweepsUnasked ?? false;
  }

  /** Outcomes that the last controller counted. */
  get counted(): readonly CountedOutcome[] {
    return this.#counted;
  }

  /** Where a new controller counts outcomes. */
  countAnew(): CountedOutcome[] {
    this.#counted = [];
    return this.#counted;
  }

  /** Interrupts the job as Ctrl-C does. */
  interrupt = (): void => undefined;

  async #play(): Promise<RunEnd | null> {
    const { workers, graders } = this.schedule.shape;
    const over = new Promise<RunEnd | null>((resolve) => {
      this.#finish = resolve;
    });
    this.launch("controller");
    for (let count = 0; count < workers; count += 1) this.launch("worker");
    for (let count = 0; count < graders; count += 1) this.launch("grader");
    startTimedFaults(this);
    void this.#watchForSilence();
    const end = await over;
    await this.#settle();
    this.#isOver = true;
    this.#processes.startNoMore();
    if (end !== null) this.referee.blame(...finalProblems(this, end));
    for (const { process } of this.living()) this.gone(process);
    return end;
  }

  async #watchForSilence(): Promise<void> {
    for (let before = -1; !this.#isOver;) {
      const { storedCount } = this.referee;
      if (storedCount === before) this.referee.blame("the job stands still");
      before = storedCount;
      await this.clock.sleep(SILENCE_MS);
    }
  }

  /** What is still to be acknowledged is, by those who go on. */
  async #settle(): Promise<void> {
    const work = this.bus.stream("work");
    for (let waitedMs = 0; waitedMs < SETTLE_MS; waitedMs += 1000) {
      if (this.referee.problems.length > 0 || work.subjects(">").size === 0) return;
      await this.clock.sleep(1000);
    }
  }

  #newProcesses(): Processes {
    const { clock, bus, faults } = this;
    return new Processes({
      clock,
      bus,
      faults,
      starts: {
        worker: (running, processBus) => startWorker(this, running, processBus),
        grader: (running, processBus) => runGrader(this, running, processBus),
        controller: ({ process }, processBus) => runController(this, process, processBus),
      },
      between: (client, process) => this.#plant.bus?.(client, process, this) ?? client,
      onLaunch: (process) => this.drivers.add(process),
    });
  }

  /** A controller's run is over: the job's, or only its session. */
  controllerEnded(process: SimProcess, end: RunEnd): void {
    if (!this.gone(process)) return;
    if (end.condition !== "Suspended") return this.#finish(end);
    const downMs = this.faults.of("interrupt")[0]?.downMs ?? 0;
    this.clock.after(downMs, () => this.launch("controller"));
  }

  #modelCalled(process: SimProcess, rollout: number, turn: number): void {
    if (process.isDead) return;
    this.acts.modelCalled(process, rollout, turn);
    if (this.isPoison("worker", rollout)) this.crash(process, 100);
  }

  /** Whether a rollout ends whoever of the part touches it. */
  isPoison(part: "worker" | "grader", rollout: number): boolean {
    return this.faults.of("poison").some((fault) => fault.part === part && fault.rollout === rollout);
  }

  indexOf(place: { readonly itemIndex: number; readonly sampleIndex: number }): number {
    return rolloutIndex(place, this.schedule.shape.samplesPerItem);
  }
}

function watching(referee: Referee, other: FakeBusWatcher): FakeBusWatcher {
  return {
    ...other,
    stored: (stream, message, client) => {
      other.stored?.(stream, message, client);
      referee.stored(stream, message, client);
    },
    expired: (kind, message) => {
      other.expired?.(kind, message);
      referee.expired(kind, message);
    },
  };
}
