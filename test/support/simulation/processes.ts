import type { Bus } from "../../../src/bus/port.ts";
import type { FakeBus, FakeBusClient } from "../bus/fake-bus.ts";
import type { FaultPlan } from "./fault-plan.ts";
import { processBus } from "./process-bus.ts";
import type { Fault, Part } from "./schedule.ts";
import { SimProcess } from "./sim-process.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** A process and its connection. */
export interface Running {
  readonly process: SimProcess;
  readonly client: FakeBusClient;
  /** SIGTERM. Resolves when it is gone. */
  drain: () => Promise<void>;
}

/** What the processes of a world run on. */
export interface ProcessesParts {
  readonly clock: VirtualClock;
  readonly bus: FakeBus;
  readonly faults: FaultPlan;
  /** How a process of a part begins; parts without a way are never started. */
  readonly starts: Readonly<Partial<Record<Part, (running: Running, bus: Bus) => Promise<void>>>>;
  /** What stands between a process and its bus. */
  readonly between: (bus: Bus, process: SimProcess) => Bus;
  /** A process is about to begin. */
  readonly onLaunch?: (process: SimProcess) => void;
}

const PARTS: readonly Part[] = ["worker", "grader", "controller", "gateway"];

/** The processes of a world: they begin, meet the faults that are meant for them, end, and are started again. */
export class Processes {
  readonly #parts: ProcessesParts;
  readonly #running = new Map<SimProcess, Running>();
  readonly #numbers = new Map<Part, number>();
  readonly #firsts = new Map<Part, SimProcess>();
  readonly #offsets = new Map<Part, number>();
  #isOver = false;

  constructor(parts: ProcessesParts) {
    this.#parts = parts;
  }

  /** Those of a part that live. */
  living(part?: Part): readonly Running[] {
    return [...this.#running.values()].filter(({ process }) => part === undefined || process.part === part);
  }

  /** How many calls to the outside the first process of a part has made. */
  callsOf(part: Part): number {
    return this.#firsts.get(part)?.calls ?? 0;
  }

  /** Starts another process of a part. */
  launch(part: Part): void {
    const { clock, bus, faults, starts, between, onLaunch } = this.#parts;
    const start = starts[part];
    if (this.#isOver || start === undefined) return;
    const number = (this.#numbers.get(part) ?? 0) + 1;
    this.#numbers.set(part, number);
    const process = new SimProcess({ part, number }, clock);
    process.wallOffsetMs = this.#offsets.get(part) ?? 0;
    if (number === 1) this.#firsts.set(part, process);
    const client = bus.connect(process.name);
    const running: Running = { process, client, drain: async () => void this.gone(process) };
    this.#running.set(process, running);
    onLaunch?.(process);
    for (const fault of faults.at(part, number)) this.#arm(running, fault);
    void start(running, processBus(process, between(client, process)));
  }

  /** Wall clocks jump; processes that start later, on the same machine, have the new time. */
  shiftClocks(part: Part | "machine", byMs: number): void {
    for (const shifted of part === "machine" ? PARTS : [part]) {
      this.#offsets.set(shifted, (this.#offsets.get(shifted) ?? 0) + byMs);
      for (const { process } of this.living(shifted)) process.wallOffsetMs += byMs;
    }
  }

  /** The process is gone at once; another one starts later. */
  crash(process: SimProcess, downMs: number): void {
    if (!this.gone(process)) return;
    this.#parts.clock.after(downMs, () => this.launch(process.part));
  }

  /** Ends a process without a trace of it; false when it was gone before. */
  gone(process: SimProcess): boolean {
    const running = this.#running.get(process);
    if (running === undefined) return false;
    this.#running.delete(process);
    process.kill();
    running.client.kill();
    return true;
  }

  /** From now on nothing is started. */
  startNoMore(): void {
    this.#isOver = true;
  }

  #arm(running: Running, fault: Fault): void {
    const { process, client } = running;
    switch (fault.kind) {
      case "crash":
        return void process.traps.set(fault.call, {
          side: fault.side,
          act: () => this.crash(process, fault.downMs),
        });
      case "pause":
        return void process.traps.set(fault.call, {
          side: "before",
          act: () => process.pause(fault.forMs),
        });
      case "cut":
        return void process.traps.set(fault.call, {
          side: "before",
          act: () => this.#cut(client, fault.forMs),
        });
      case "drain":
        return void process.traps.set(fault.call, { side: "before", act: () => this.#drain(running) });
      default:
        return undefined;
    }
  }

  #cut(client: FakeBusClient, forMs: number): void {
    client.disconnect();
    this.#parts.clock.after(forMs, () => client.reconnect());
  }

  #drain(running: Running): void {
    if (this.#isOver) return;
    this.launch(running.process.part);
    queueMicrotask(() => void running.drain().then(() => this.gone(running.process)));
  }
}
