import { FAILURE_CLASSES } from "../../../src/errors/failure-class.ts";
import type { JobLedger } from "../../../src/job/job-ledger.ts";
import type { Clock } from "../../../src/lib/clock.ts";

/** Where progress goes. */
export interface ProgressOutput {
  readonly write: (text: string) => void;
  /** A terminal gets one live line, anything else a line every 10 s. */
  readonly isTerminal: boolean;
  readonly columns: () => number;
}

const TERMINAL_MS = 250;
const PIPED_MS = 10_000;
/** Rollouts/s and ETA look back this far. */
const WINDOW_MS = 30_000;

/** Shows how a run goes on. */
export class Progress {
  readonly #ledger: JobLedger;
  readonly #output: ProgressOutput;
  readonly #clock: Clock;
  readonly #waiting: () => string | null;
  readonly #stop = new AbortController();
  #samples: { atMs: number; done: number }[] = [];
  #loop: Promise<void> = Promise.resolve();

  /** `waiting` says in a few words what holds the job up; null when nothing does. */
  constructor(
    ledger: JobLedger,
    output: ProgressOutput,
    clock: Clock,
    waiting: () => string | null = () => null,
  ) {
    this.#ledger = ledger;
    this.#output = output;
    this.#clock = clock;
    this.#waiting = waiting;
  }

  start(): void {
    this.#sample();
    this.#loop = this.#run();
  }

  /** Ends the live line, so that what follows starts on a fresh one. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    if (this.#output.isTerminal) this.#output.write("\r\u001B[K");
    this.#output.write(`${this.#line(null)}\n`);
  }

  async #run(): Promise<void> {
    const { isTerminal } = this.#output;
    while (!this.#stop.signal.aborted) {
      await this.#clock.sleep(isTerminal ? TERMINAL_MS : PIPED_MS, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      this.#sample();
      if (isTerminal) this.#output.write(`\r\u001B[K${this.#line().slice(0, this.#output.columns() - 1)}`);
      else this.#output.write(`${this.#line()}\n`);
    }
  }

  #sample(): void {
    const { graded, failed } = this.#ledger.counts;
    const nowMs = this.#clock.monotonicMs();
    this.#samples.push({ atMs: nowMs, done: graded + failed });
    while ((this.#samples[1]?.atMs ?? nowMs) < nowMs - WINDOW_MS) this.#samples.shift();
  }

  #line(waiting = this.#waiting()): string {
    this.#sample();
    return progressLine(this.#ledger, ratePerSecond(this.#samples), waiting);
  }
}

/** Rollouts per second between the first and the last sample. */
export function ratePerSecond(samples: readonly { readonly atMs: number; readonly done: number }[]): number {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
  return ((last.done - first.done) * 1000) / (last.atMs - first.atMs);
}

/** One line of a run's state. */
export function progressLine(ledger: JobLedger, rate: number, waiting: string | null = null): string {
  const { total, counts, failures } = ledger;
  const done = counts.graded + counts.failed;
  const byClass = FAILURE_CLASSES.filter((name) => failures[name] > 0).map(
    (name) => `${failures[name]} ${name}`,
  );
  const failed =
    byClass.length === 0 ? `${counts.failed} failed` : `${counts.failed} failed (${byClass.join(", ")})`;
  const parts = [
    `${done}/${total}`,
    `${counts.active} active`,
    `${counts.grading} grading`,
    `${counts.graded} graded`,
    failed,
    `mean reward ${meanReward(ledger)}`,
    `${rate.toFixed(1)} rollouts/s`,
  ];
  const left = total - done;
  const eta = left === 0 || rate === 0 ? [] : [`ETA ${durationText(left / rate)}`];
  return [...parts, ...eta, ...(waiting === null ? [] : [`waiting: ${waiting}`])].join("  ");
}

function meanReward(ledger: JobLedger): string {
  const { rewardSum, counts } = ledger;
  return counts.graded === 0 ? "-" : (rewardSum / counts.graded).toFixed(3);
}

function durationText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}m${whole % 60}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m`;
}
