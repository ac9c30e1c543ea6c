import { readFile } from "node:fs/promises";
import { spawnSupervised } from "../../../src/bus/supervised-child.ts";
import type { SupervisedChild } from "../../../src/bus/supervised-child.ts";

/** Sends the output of a program, with the same process id, to the end of a file. */
const TO_LOG = `log=$1; shift; exec "$@" >>"$log" 2>&1`;

/** One program of a control plane; tests kill, pause and start it again. It can't outlive the tests. */
export class ClusterProcess {
  readonly name: string;
  readonly logFile: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  #child: SupervisedChild | undefined;

  constructor(name: string, command: readonly string[], logFile: string) {
    this.name = name;
    this.logFile = logFile;
    this.command = command;
  }

  /** Process id of the one that was started last; 0 before the first. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    this.#child = await spawnSupervised("/bin/sh", ["-c", TO_LOG, this.name, this.logFile, ...this.command]);
  }

  /** Ends it at once; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.ended;
  }

  /** Ends it in good order, by force after `patienceMs`. */
  async stop(patienceMs = 3000): Promise<void> {
    this.resume();
    this.#child?.kill("SIGTERM");
    const timer = setTimeout(() => this.#child?.kill("SIGKILL"), patienceMs);
    await this.#child?.ended;
    clearTimeout(timer);
  }

  /** Stops its threads; its connections stay open and silent. */
  pause(): void {
    if (this.pid > 0) process.kill(this.pid, "SIGSTOP");
  }

  resume(): void {
    try {
      if (this.pid > 0) process.kill(this.pid, "SIGCONT");
    } catch {
      // It has ended.
    }
  }

  /** Resolves with its exit code. */
  get ended(): Promise<number> {
    return this.#child?.ended ?? Promise.resolve(0);
  }

  /** The last lines of its log, for error texts. */
  async lastWords(): Promise<string> {
    const log = await readFile(this.logFile, "utf8").catch(() => "");
    return log.trimEnd().split("\n").slice(-5).join("\n");
  }
}
