import { spawnSupervised } from "../../../src/bus/supervised-child.ts";
import type { SupervisedChild } from "../../../src/bus/supervised-child.ts";
import { readFileSync } from "node:fs";

/** How a process of a run is started. */
export interface ServiceOptions {
  readonly name: string;
  readonly command: readonly string[];
  /** Where its output goes. */
  readonly logFile: string;
  /** How long after its end it is started again. */
  readonly restartMs: () => number;
  /** Resolves when it does its work again. */
  readonly isUp?: () => Promise<boolean>;
  /** Ends the run for it: code 0 by itself means that it is done, and it is not started again. */
  readonly endsByItself?: boolean;
}

/** Exit codes of a shell for a program that a signal ended begin here. */
const BY_SIGNAL = 128;
const STOP_WITHIN_MS = 60_000;
const POLL_MS = 50;

/**
 * A process of a run: started again whenever it ends, as a service manager does. It can't outlive us. Who ends it without
 * being told by {@link Service.kill} is counted.
 */
export class Service {
  readonly name: string;
  readonly #options: ServiceOptions;
  readonly #done = Promise.withResolvers<void>();
  #child: SupervisedChild | null = null;
  #living: Promise<void> = Promise.resolve();
  #held: PromiseWithResolvers<void> | null = null;
  #isStopping = false;
  #isKilled = false;
  #starts = 0;
  readonly gaveUp: string[] = [];

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.name = options.name;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get starts(): number {
    return this.#starts;
  }

  /** Resolves when it has ended by itself with code 0, for one that does. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** Starts it, and again whenever it ends. Resolves when it is up for the first time. */
  async start(): Promise<void> {
    await this.#spawn();
    this.#living = this.#live();
    await this.#untilUp();
  }

  /** SIGKILL. */
  kill(): void {
    this.#isKilled = true;
    this.signal("SIGKILL");
  }

  /** Sends a signal to the process that runs now, if one does; false when none does. */
  signal(signal: NodeJS.Signals): boolean {
    try {
      if (this.#child === null) return false;
      process.kill(this.#child.pid, signal);
      return true;
    } catch {
      return false;
    }
  }

  /** SIGSTOP, and SIGCONT to the same process later. */
  async pause(ms: number): Promise<void> {
    const paused = this.#child;
    if (!this.signal("SIGSTOP")) return;
    await sleep(ms);
    if (this.#child === paused) this.signal("SIGCONT");
  }

  /** From now on it is not started again, until {@link release}. */
  hold(): void {
    this.#held = Promise.withResolvers();
  }

  /** Lets it start again. */
  release(): void {
    this.#held?.resolve();
    this.#held = null;
  }

  /** Resolves when no process of it runs. */
  async gone(): Promise<void> {
    while (this.#child !== null) await sleep(POLL_MS);
  }

  /** Resolves when it runs and does its work. */
  async up(): Promise<void> {
    while (this.#child === null) await sleep(POLL_MS);
    await this.#untilUp();
  }

  /** SIGTERM, and SIGKILL when that takes too long; it is not started again. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.#isStopping = true;
    this.release();
    this.signal("SIGCONT");
    this.signal(signal);
    const force = setTimeout(() => this.signal("SIGKILL"), STOP_WITHIN_MS);
    await this.#living;
    clearTimeout(force);
  }

  async #spawn(): Promise<void> {
    const { command, logFile } = this.#options;
    // The output of a supervised program is dropped unless it has opened a place for it.
    const redirected = ["-c", 'log="$1"; shift; exec "$@" >>"$log" 2>&1', "sh", logFile, ...command];
    this.#isKilled = false;
    this.#child = await spawnSupervised("/bin/sh", redirected);
    this.#starts += 1;
  }

  async #live(): Promise<void> {
    for (;;) {
      const code = (await this.#child?.ended) ?? 0;
      this.#child = null;
      if (this.#isStopping) return;
      if (code === 0 && this.#options.endsByItself === true) return this.#done.resolve();
      if (!this.#isKilled) this.gaveUp.push(this.#lastWords(code));
      await sleep(this.#options.restartMs());
      await this.#held?.promise;
      if (this.#isStopping) return;
      await this.#spawn();
    }
  }

  #lastWords(code: number): string {
    const end = code > BY_SIGNAL ? `signal ${code - BY_SIGNAL}` : `code ${code}`;
    const lines = readFileSync(this.#options.logFile, "utf8").trimEnd().split("\n");
    return `${this.name} ended with ${end}: ${lines.slice(-3).join(" | ").slice(-400)}`;
  }

  async #untilUp(): Promise<void> {
    while (this.#options.isUp !== undefined && !(await this.#options.isUp())) await sleep(POLL_MS);
  }
}

/** Waits. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
