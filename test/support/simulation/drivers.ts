import type { Schedule } from "./schedule.ts";
import type { SimProcess } from "./sim-process.ts";

/** Faults under which a living process may look dead to others. */
const DISTURBANCES: ReadonlySet<string> = new Set([
  "pause",
  "cut",
  "outage",
  "leader",
  "full",
  "request",
  "ack",
  "publish",
  "interrupt",
  "blackout",
  "drain",
]);

/** Which process drives which attempt, as the workers themselves say. */
export class Drivers {
  readonly isCalm: boolean;
  readonly #processes = new Map<string, SimProcess>();
  readonly #driving = new Map<string, Map<number, number>>();

  constructor(schedule: Schedule) {
    this.isCalm = !schedule.faults.some(
      (fault) => DISTURBANCES.has(fault.kind) && !(fault.kind === "publish" && fault.fault === "in_flight"),
    );
  }

  add(process: SimProcess): void {
    this.#processes.set(process.name, process);
    this.#driving.set(process.name, new Map());
  }

  attached(worker: string, rollout: number, attempt: number): void {
    this.#driving.get(worker)?.set(rollout, attempt);
  }

  ended(worker: string, rollout: number): void {
    this.#driving.get(worker)?.delete(rollout);
  }

  /** The attempt of a rollout that a worker believes to drive. */
  attemptOf(worker: string, rollout: number): number | undefined {
    return this.#driving.get(worker)?.get(rollout);
  }

  /** Whether a process lives, and nothing happened that could make it look dead. */
  isUndisturbed(worker: string): boolean {
    return this.isCalm && this.#processes.get(worker)?.isRunning === true;
  }
}
