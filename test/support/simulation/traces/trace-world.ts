import { SeededRandom } from "../../../../src/lib/seeded-random.ts";
import { rolloutIndex } from "../../../../src/rollout/ids.ts";
import type { IdSource } from "../../../../src/rollout/ids.ts";
import { FakeBus } from "../../bus/fake-bus.ts";
import type { FakeBusWatcher } from "../../bus/fake-bus.ts";
import { FaultPlan } from "../fault-plan.ts";
import { runGrader } from "../parts/run-grader.ts";
import type { GradingWorld } from "../parts/run-grader.ts";
import { Processes } from "../processes.ts";
import type { Running } from "../processes.ts";
import type { SandboxFarm } from "../sandbox-farm.ts";
import type { Part, Schedule } from "../schedule.ts";
import { serialIds } from "../serial-ids.ts";
import type { SimProcess } from "../sim-process.ts";
import { sweptFarm } from "../swept-farm.ts";
import { startTimedFaults } from "../timed-faults.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { withoutStacks } from "../without-stacks.ts";
import type { WorldEnd } from "../world.ts";
import { playTrainer } from "./play-trainer.ts";
import { runGateway } from "./run-gateway.ts";
import type { SimulatedGateway } from "./run-gateway.ts";
import { runTraceController } from "./run-trace-controller.ts";
import { TraceActs } from "./trace-acts.ts";
import { traceProblems } from "./trace-problems.ts";
import type { TracePlant } from "./trace-plant.ts";
import { TraceReferee } from "./trace-referee.ts";

/** All is over within this, whatever goes wrong at first. */
const LIMIT_MS = 6 * 3_600_000;
/** The last trace ends within this once the trainer asks for nothing more: the idle time, and every trouble at its longest. */
const END_WITHIN_MS = 3_600_000;
const LOOK_MS = 5000;

/** The real gateways' desks, keeper, broker and graders under a hosted trainer that obeys its contract, on what other worlds run on. */
export class TraceWorld implements GradingWorld {
  readonly schedule: Schedule;
  readonly plant: TracePlant;
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly faults: FaultPlan;
  readonly bus: FakeBus;
  readonly farm: SandboxFarm;
  readonly referee: TraceReferee;
  readonly ids: IdSource = serialIds();
  /** Those that a trainer's connections reach. */
  readonly gateways = new Set<SimulatedGateway>();
  readonly sweepsUnasked = false;
  readonly #processes: Processes;
  #stop: () => void = () => undefined;

  constructor(
    schedule: Schedule,
    options: { readonly plant?: TracePlant; readonly watcher?: FakeBusWatcher } = {},
  ) {
    this.schedule = schedule;
    this.plant = options.plant ?? {};
    this.random = new SeededRandom(schedule.seed);
    this.faults = new FaultPlan(schedule.faults);
    this.referee = new TraceReferee(schedule, {
      isAlive: (uid) => this.farm.sandboxes.get(uid)?.end === null,
      onProblem: () => this.#stop(),
    });
    const { clock, faults, referee } = this;
    const { watcher = {} } = options;
    this.bus = new FakeBus({
      replicas: schedule.shape.replicas,
      clock,
      faults: faults.busFaults(() => clock.elapsedMs),
      latencyMs: 1,
      watcher: {
        ...watcher,
        stored: (stream, message, client) => {
          watcher.stored?.(stream, message, client);
          referee.stored(stream, message, client);
        },
      },
    });
    this.farm = sweptFarm(this, new TraceActs(referee));
    this.#processes = this.#newProcesses();
  }

  /** Plays the trainer's rollouts, waits until each has ended, and judges them. */
  async run(): Promise<WorldEnd> {
    try {
      await withoutStacks(() => this.clock.run(this.#play(), LIMIT_MS));
    } catch (error) {
      this.referee.blame(`the traces did not end: ${String(error)}`);
    }
    return { problems: this.referee.problems, end: null };
  }

  /** See {@link Processes.living}. */
  living(part?: Part): readonly Running[] {
    return this.#processes.living(part);
  }

  /** See {@link Processes.callsOf}. */
  callsOf(part: Part): number {
    return this.#processes.callsOf(part);
  }

  /** See {@link Processes.crash}. */
  crash(process: SimProcess, downMs: number): void {
    this.#processes.crash(process, downMs);
  }

  /** Wall clocks jump, those of sandboxes with their machine's. */
  shiftClocks(part: Part | "machine", byMs: number): void {
    if (part === "machine") this.farm.wallOffsetMs += byMs;
    this.#processes.shiftClocks(part, byMs);
  }

  /** Nobody interrupts what serves. */
  interrupt(): void {}

  /** No trace is poison. */
  isPoison(): boolean {
    return false;
  }

  indexOf(place: { readonly itemIndex: number; readonly sampleIndex: number }): number {
    return rolloutIndex(place, this.schedule.shape.samplesPerItem);
  }

  #newProcesses(): Processes {
    const { clock, bus, faults } = this;
    return new Processes({
      clock,
      bus,
      faults,
      starts: {
        gateway: (running, processBus) => runGateway(this, running, processBus),
        grader: (running, processBus) => runGrader(this, running, processBus),
        controller: ({ process }, processBus) => runTraceController(this, process, processBus),
      },
      between: (client, process) => this.plant.bus?.(client, process) ?? client,
    });
  }

  async #play(): Promise<void> {
    const { workers, graders } = this.schedule.shape;
    const stopped = new Promise<void>((resolve) => {
      this.#stop = resolve;
    });
    this.#processes.launch("controller");
    for (let count = 0; count < workers; count += 1) this.#processes.launch("gateway");
    for (let count = 0; count < graders; count += 1) this.#processes.launch("grader");
    startTimedFaults(this);
    await Promise.race([playTrainer(this).then(() => this.#settle()), stopped]);
    this.#processes.startNoMore();
    for (const { process } of this.living()) this.#processes.gone(process);
  }

  /** Everything that was begun comes to its end, and nothing is left behind. */
  async #settle(): Promise<void> {
    for (let waitedMs = 0; waitedMs < END_WITHIN_MS; waitedMs += LOOK_MS) {
      if (traceProblems(this).length === 0) return;
      await this.clock.sleep(LOOK_MS);
    }
    this.referee.blame(...traceProblems(this));
  }
}
