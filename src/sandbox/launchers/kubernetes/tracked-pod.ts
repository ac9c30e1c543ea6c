import type { Clock } from "../../../lib/clock.ts";
import type { LaunchedSandbox, SandboxEnd, SandboxEndpoint, StartProgress } from "../../port.ts";
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

/**
 * One sandbox's pod from its creation to its end, told of what the caches show. There are ten thousand of them, so it is
 * the launched sandbox itself, and keeps no promise's handles for longer than it needs them.
 */
export class TrackedPod implements LaunchedSandbox {
  readonly key: string;
  readonly name: string;
  readonly sandboxUid: string;
  /** Settles as a launcher's start does. */
  readonly ready: Promise<LaunchedSandbox>;
  readonly ended: Promise<SandboxEnd>;
  /** Of the object; null until the API server has created it. */
  uid: string | null = null;
  readonly #clock: Clock;
  readonly #remove: TrackedPodOptions["remove"];
  readonly #readySeconds: number;
  readonly #wasReady: boolean;
  #start: PromiseWithResolvers<LaunchedSandbox> | null;
  #onProgress: TrackedPodOptions["onProgress"] | null;
  readonly #end: (end: SandboxEnd) => void;
  #gone: PromiseWithResolvers<void> | null = null;
  #isGone = false;
  #podIP = "";
  #phase: "starting" | "ready" | "over" = "starting";
  #startingSinceMs: number;
  #stuckSinceMs: number | null = null;
  #endedSinceMs: number | null = null;
  #waitingSinceMs: number | null = null;
  #waitingFor = "";
  #stopping: Promise<void> | null = null;

  constructor(options: TrackedPodOptions) {
    const { key, name, sandboxUid, clock, remove, readySeconds, wasReady, onProgress } = options;
    this.key = key;
    this.name = name;
    this.sandboxUid = sandboxUid;
    this.#clock = clock;
    this.#remove = remove;
    this.#readySeconds = readySeconds;
    this.#wasReady = wasReady;
    this.#onProgress = onProgress;
    this.#startingSinceMs = clock.monotonicMs();
    this.#start = Promise.withResolvers();
    this.ready = this.#start.promise;
    const { promise, resolve } = Promise.withResolvers<SandboxEnd>();
    this.ended = promise;
    this.#end = resolve;
    // Whoever wants to know awaits it; a sandbox that nobody waits for any more fails in silence.
    this.ready.catch(() => undefined);
  }

  get endpoint(): SandboxEndpoint {
    return { kind: "tcp", host: this.#podIP, port: SANDBOXD_PORT };
  }

  /** Resolves when there is no such pod any more. */
  get gone(): Promise<void> {
    this.#gone ??= Promise.withResolvers();
    if (this.#isGone) this.#gone.resolve();
    return this.#gone.promise;
  }

  get isReady(): boolean {
    return this.#phase === "ready";
  }

  /** Whether it stays as it is for now, unless the cache shows another pod or its node is in trouble. */
  isQuiet(pod: PodView): boolean {
    if (this.#endedSinceMs !== null) return false;
    if (this.#phase !== "starting") return this.#phase === "ready";
    if (pod.waiting !== undefined || pod.unscheduled !== undefined) return false;
    return this.#clock.monotonicMs() - this.#startingSinceMs < this.#readySeconds * 1000;
  }

  /** Looks at what the caches have. Null: certainly gone. */
  look(pod: PodView | null, node: NodeState): void {
    if (pod === null) this.#noteGone();
    if (this.#phase === "over") return;
    const nowMs = this.#clock.monotonicMs();
    this.#note(pod, nowMs);
    const verdict = judgePod({
      pod,
      node,
      wasReady: this.#wasReady || this.#phase === "ready",
      startingMs: nowMs - this.#startingSinceMs,
      stuckMs: nowMs - (this.#stuckSinceMs ?? nowMs),
      endedMs: nowMs - (this.#endedSinceMs ?? nowMs),
      readySeconds: this.#readySeconds,
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
        return this.#end(verdict.end);
      default:
        return verdict satisfies never;
    }
  }

  /** Ends a start that can't come to a sandbox, and deletes the pod. */
  fail(error: RollyardError): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#goesOn();
    this.#settleStart((start) => start.reject(error));
    this.#end({ kind: "stopped" });
    void this.stop();
  }

  /** Deletes the pod, ready or not; resolves once it is gone. Safe to repeat. */
  stop(): Promise<void> {
    this.#phase = "over";
    this.#end({ kind: "stopped" });
    this.#settleStart((start) =>
      start.reject(new RollyardError("sandbox_lost", { details: { reason: "stopped" } })),
    );
    this.#stopping ??= this.#remove(this);
    return this.#stopping;
  }

  #becomeReady(pod: PodView | null): void {
    if (this.#phase !== "starting") return;
    this.#phase = "ready";
    this.#goesOn();
    this.#podIP = pod?.podIP ?? "";
    this.#settleStart((start) => start.resolve(this));
  }

  #settleStart(settle: (start: PromiseWithResolvers<LaunchedSandbox>) => void): void {
    if (this.#start !== null) settle(this.#start);
    this.#start = null;
    this.#onProgress = null;
  }

  #noteGone(): void {
    this.#isGone = true;
    this.#gone?.resolve();
  }

  #note(pod: PodView | null, nowMs: number): void {
    this.#stuckSinceMs = pod?.waiting === undefined ? null : (this.#stuckSinceMs ?? nowMs);
    this.#endedSinceMs = pod?.ended === undefined ? null : (this.#endedSinceMs ?? nowMs);
  }

  #waits(message: string, nowMs: number): void {
    this.#waitingSinceMs ??= nowMs;
    this.#startingSinceMs = nowMs;
    if (nowMs - this.#waitingSinceMs >= this.#readySeconds * 1000)
      return this.fail(noRoom("Unschedulable", message));
    if (message === this.#waitingFor) return;
    this.#waitingFor = message;
    this.#onProgress?.({ kind: "waiting", pressure: { reason: "Unschedulable", message } });
  }

  #goesOn(): void {
    if (this.#waitingSinceMs === null) return;
    this.#waitingSinceMs = null;
    this.#waitingFor = "";
    this.#onProgress?.({ kind: "going_on" });
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
