import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { RollyardError } from "../../errors/rollyard-error.ts";
import { assertNever } from "../../lib/assert-never.ts";
import type { SandboxEnd } from "../port.ts";
import { SANDBOX_PATH } from "../sandbox-path.ts";
import { startError } from "./start-error.ts";
import { parseSupervisorEvent } from "./supervisor-events.ts";
import type { SupervisorEvent } from "./supervisor-events.ts";

/** One sandbox to start; all paths are absolute and lie in `root`, which is made and removed with it. */
export interface BoxCommand {
  readonly id: string;
  readonly root: string;
  /** Folder whose copy becomes the workdir. */
  readonly copyFrom: string | null;
  readonly workdir: string;
  readonly argv: readonly string[];
  /** The whole environment of the command. */
  readonly env: Readonly<Record<string, string>>;
  /** Unprivileged user to run as; null for our own. */
  readonly uid: number | null;
  /** Where sandboxd's socket is; `passFd` = the supervisor listens and hands it over as descriptor 3. */
  readonly socket: { readonly path: string; readonly passFd: boolean };
  readonly readyTimeoutMs: number;
  /** Written into the root before the start. */
  readonly files: readonly { readonly path: string; readonly content: string }[];
}

/** A sandbox that is ready. */
export interface SupervisedBox {
  readonly ended: Promise<SandboxEnd>;
}

interface Box {
  ready: boolean;
  stopped: PromiseWithResolvers<void> | null;
  readonly started: PromiseWithResolvers<SupervisedBox>;
  readonly ended: PromiseWithResolvers<SandboxEnd>;
}

const CLOSE_WITHIN_MS = 20_000;

/**
 * Client of one `sandboxd supervise` process, which plays the node: it makes, watches and removes sandboxes, and ends
 * them all when our end of its stdin closes, however we die. It has its own session, so that Ctrl-C reaches us first.
 */
export class Supervisor {
  readonly pid: number;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #boxes = new Map<string, Box>();
  readonly #hello = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<void>();
  #isLost = false;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    createInterface({ input: child.stdout }).on("line", (line) => this.#onLine(line));
    // A broken pipe is told by the exit.
    child.stdin.on("error", () => undefined);
    child.on("error", (cause) => this.#onExit(cause.message));
    child.on("exit", (code, signal) => this.#onExit(`supervisor ended: ${signal ?? code ?? "?"}`));
  }

  /** Starts the process and waits until it owns its base folder; rejects with `sandbox_start_failed`. */
  static async launch(binary: string, base: string): Promise<Supervisor> {
    const child = spawn(binary, ["supervise", "--base", base], {
      stdio: ["pipe", "pipe", "ignore"],
      detached: true,
      // Nothing of our own environment, where keys may be, gets near a sandbox.
      env: { PATH: SANDBOX_PATH },
    });
    const supervisor = new Supervisor(child);
    await supervisor.#hello.promise;
    return supervisor;
  }

  /** Whether it has ended; its sandboxes are gone then. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Resolves when the sandbox is ready; rejects with `sandbox_start_failed` or `sandbox_setup_failed`. */
  start(command: BoxCommand): Promise<SupervisedBox> {
    const box: Box = {
      ready: false,
      stopped: null,
      started: Promise.withResolvers(),
      ended: Promise.withResolvers(),
    };
    if (this.#isLost) return Promise.reject(lostError("supervisor ended"));
    this.#boxes.set(command.id, box);
    this.#send(startLine(command));
    return box.started.promise;
  }

  /** Ends the sandbox and removes its folder; resolves when both are done. */
  async stop(id: string): Promise<void> {
    const box = this.#boxes.get(id);
    if (box === undefined || this.#isLost) return;
    if (box.stopped === null) {
      box.stopped = Promise.withResolvers();
      this.#send({ op: "stop", id });
    }
    await box.stopped.promise;
  }

  /** Ends every sandbox and the process; a process that does not end in time is killed. */
  async close(): Promise<void> {
    for (const box of this.#boxes.values()) box.stopped ??= Promise.withResolvers();
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), CLOSE_WITHIN_MS);
    await this.#exited.promise;
    clearTimeout(timer);
  }

  #send(line: unknown): void {
    this.#child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  #onLine(line: string): void {
    const event = parseSupervisorEvent(line);
    if (event !== null) this.#onEvent(event);
  }

  #onEvent(event: SupervisorEvent): void {
    switch (event.event) {
      case "hello":
        return this.#hello.resolve();
      case "fatal":
        return this.#hello.reject(lostError(`${event.reason}: ${event.detail}`));
      case "ready":
        return this.#onReady(event.id);
      case "start_failed":
        this.#boxes.get(event.id)?.started.reject(startError(event.failure));
        return this.#forget(event.id, { kind: "stopped" });
      case "exited":
        return this.#boxes.get(event.id)?.ended.resolve({ kind: "killed_by_agent", ...event.exit });
      case "stopped":
        return this.#onStopped(event.id);
      case "error":
        return;
      default:
        return assertNever(event);
    }
  }

  #onReady(id: string): void {
    const box = this.#boxes.get(id);
    if (box === undefined) return;
    box.ready = true;
    box.started.resolve({ ended: box.ended.promise });
  }

  #onStopped(id: string): void {
    const wasAsked = this.#boxes.get(id)?.stopped !== null;
    const detail = "the supervisor ended it";
    this.#forget(id, wasAsked ? { kind: "stopped" } : { kind: "node_lost", detail });
  }

  #forget(id: string, end: SandboxEnd): void {
    const box = this.#boxes.get(id);
    if (box === undefined) return;
    this.#boxes.delete(id);
    box.ended.resolve(end);
    box.stopped?.resolve();
  }

  #onExit(detail: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#hello.reject(lostError(detail));
    for (const [id, box] of this.#boxes) {
      box.started.reject(lostError(detail));
      this.#forget(id, box.stopped === null ? { kind: "node_lost", detail } : { kind: "stopped" });
    }
    this.#exited.resolve();
  }
}

function lostError(detail: string): RollyardError {
  return new RollyardError("sandbox_start_failed", { details: { reason: detail } });
}

function startLine(command: BoxCommand): unknown {
  return {
    op: "start",
    id: command.id,
    root: command.root,
    copy_from: command.copyFrom,
    workdir: command.workdir,
    argv: command.argv,
    env: command.env,
    uid: command.uid,
    gid: command.uid,
    ready: { unix: command.socket.path, pass_fd: command.socket.passFd },
    ready_timeout_ms: command.readyTimeoutMs,
    files: command.files,
  };
}
