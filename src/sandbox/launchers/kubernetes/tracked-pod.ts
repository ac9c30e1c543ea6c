import type { Clock } from "../../../lib/clock.ts";
import type { LaunchedSandbox, SandboxEnd, StartProgress } from "../../port.ts";
import { RollyardError } from "../../../errors/rollyard-error.ts";
import { judgePod } from "./judge-pod.ts";
import type { FailedStart, NodeState } from "./judge-pod.ts";
import { SANDBOXD_PORT } from "./pod-shape.ts";
import type { PodView } from "./pod-view.ts";
import { noRoom } from "./pod-writes.ts";

/** What is known of a pod when it begins to be tracked. */
export interface TrackedPodOptions {
  readonly key: string;
  readonly name: string;
  readonly sandboxUid: string;
  readonly readySeconds: number;
  readonly wasReady: boolean;
  readonly clock: Clock;
  readonly onProgress: (progress: StartProgress) => void;
  /** Deletes the pod, and resolves once it is gone. */
  readonly remove: (tracked: TrackedPod) => Promise<void>;
}

const MAX_WORDS = 500;

/** One sandbox's pod from its creation to its end, told of what the caches show. */
export class TrackedPod {
  readonly #options: TrackedPodOptions;
  readonly #ready = Promise.withResolvers<LaunchedSandbox>();
  readonly #ended = Promise.withResolvers<SandboxEnd>();
  readonly #gone = Promise.withResolvers<void>();
  /** Of the object; null until the API server has created it. */
  uid: string | null = null;
  #phase: "starting" | "ready" | "over";
  #startingSinceMs: number;
  #stuckSinceMs: number | null = null;
  #endedSinceMs: number | null = null;
  #waitingSinceMs: number | null = null;
  #waitingFor = "";
  #stopping: Promise<void> | null = null;

  constructor(options: TrackedPodOptions) {
    this.#options = options;
    this.#phase = "starting";
    this.#startingSinceMs = options.clock.monotonicMs();
    // Whoever wants to know awaits it; a sandbox that nobody waits for any more fails in silence.
    this.#ready.promise.catch(() => undefined);
  }

  get key(): string {
    return this.#options.key;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Settles as a launcher's start does. */
  get ready(): Promise<LaunchedSandbox> {
    return this.#ready.promise;
  }

  /** Resolves when there is no such pod any more. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Looks at what the caches have. Null: certainly gone. */
  look(pod: PodView | null, node: NodeState): void {
    if (pod === null) this.#gone.resolve();
    if (this.#phase === "over") return;
    const nowMs = this.#options.clock.monotonicMs();
    this.#note(pod, nowMs);
    const verdict = judgePod({
      pod,
      node,
      wasReady: this.#options.wasReady || this.#phase === "ready",
      startingMs: nowMs - this.#startingSinceMs,
      stuckMs: nowMs - (this.#stuckSinceMs ?? nowMs),
      endedMs: nowMs - (this.#endedSinceMs ?? nowMs),
      readySeconds: this.#options.readySeconds,
    });
    switch (verdict.kind) {
      case "starting":
        return this.#goesOn();
      case "backpressure":
        return this.#waits(verdict.message, nowMs);
      case "ready":
        return this.#becomeReady(pod);
      case "failed":
        return this.fail(startError(verdict.failure));
      case "ended":
        this.#becomeReady(pod);
        this.#phase = "over";
        return this.#ended.resolve(verdict.end);
      default:
        return verdict satisfies never;
    }
  }

  /** Ends a start that can't come to a sandbox, and deletes the pod. */
  fail(error: RollyardError): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#goesOn();
    this.#ready.reject(error);
    this.#ended.resolve({ kind: "stopped" });
    void this.stop();
  }

  /** Deletes the pod, ready or not; resolves once it is gone. Safe to repeat. */
  stop(): Promise<void> {
    const wasStarting = this.#phase === "starting";
    this.#phase = "over";
    this.#ended.resolve({ kind: "stopped" });
    if (wasStarting)
      this.#ready.reject(new RollyardError("sandbox_lost", { details: { reason: "stopped" } }));
    this.#stopping ??= this.#options.remove(this);
    return this.#stopping;
  }

  #becomeReady(pod: PodView | null): void {
    if (this.#phase !== "starting") return;
    this.#phase = "ready";
    this.#goesOn();
    this.#ready.resolve({
      sandboxUid: this.#options.sandboxUid,
      endpoint: { kind: "tcp", host: pod?.podIP ?? "", port: SANDBOXD_PORT },
      ended: this.#ended.promise,
      stop: () => this.stop(),
    });
  }

  #note(pod: PodView | null, nowMs: number): void {
    this.#stuckSinceMs = pod?.waiting === undefined ? null : (this.#stuckSinceMs ?? nowMs);
    this.#endedSinceMs = pod?.ended === undefined ? null : (this.#endedSinceMs ?? nowMs);
  }

  #waits(message: string, nowMs: number): void {
    this.#waitingSinceMs ??= nowMs;
    this.#startingSinceMs = nowMs;
    if (nowMs - this.#waitingSinceMs >= this.#options.readySeconds * 1000)
      return this.fail(noRoom("Unschedulable", message));
    if (message === this.#waitingFor) return;
    this.#waitingFor = message;
    this.#options.onProgress({ kind: "waiting", pressure: { reason: "Unschedulable", message } });
  }

  #goesOn(): void {
    if (this.#waitingSinceMs === null) return;
    this.#waitingSinceMs = null;
    this.#waitingFor = "";
    this.#options.onProgress({ kind: "going_on" });
  }
}

function startError({ code, reason, words, exitCode, setupOutput }: FailedStart): RollyardError {
  const details = { reason, ...(exitCode === undefined ? {} : { exit_code: exitCode }) };
  if (code === "sandbox_setup_failed")
    return new RollyardError(code, { details, ...(setupOutput === undefined ? {} : { setupOutput }) });
  return new RollyardError(code, {
    message: `The sandbox did not start: ${words.slice(0, MAX_WORDS)}`,
    details,
  });
}
