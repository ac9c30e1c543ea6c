import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Bus, Subscription, WorkDelivery } from "../bus/port.ts";
import { driverSubject, slotsSubject } from "../bus/subjects.ts";
import { toRollyardError } from "../errors/rollyard-error.ts";
import {
  ControlNoticeSchema,
  DriverAnswerSchema,
  DriverQuerySchema,
  SlotsAnnouncedSchema,
} from "../gen/rollyard/v1/requests_pb.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { ActiveRollouts } from "./active-rollouts.ts";
import type { ActiveRollout } from "./active-rollouts.ts";
import { refKey, requireRef } from "./attempt-ref.ts";
import { giveUpOrRetry } from "./broken-work.ts";
import { decodeAssignment, driveAssignment } from "./drive-assignment.ts";
import type { AgentSetup } from "./agent-setup.ts";
import type { DriveEnd } from "./drive-assignment.ts";
import type { IdSource } from "./ids.ts";
import type { RolloutObserver } from "./observer.ts";
import type { SandboxClaims } from "./sandbox-lease.ts";

/** A beat for every delivery that is being worked on; `ack_wait` is four of them. */
const BEAT_MS = 15_000;
/** How long a drain waits for calls that are under way. */
const DRAIN_PATIENCE_MS = 30_000;
const PULL_EXPIRES_MS = 30_000;
const ANNOUNCE_MS = 5000;

/** What a worker needs of the world. */
export interface WorkerDeps {
  readonly bus: Pick<
    Bus,
    "publish" | "read" | "readLast" | "request" | "pull" | "serve" | "listen" | "broadcast"
  >;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly observer: RolloutObserver;
  readonly claims: SandboxClaims;
  readonly setupFor: (specHash: string) => Promise<AgentSetup>;
  /** Whether the model endpoint throttles this process now. */
  readonly throttled?: () => boolean;
}

/** How much a worker takes. */
export interface WorkerOptions {
  /** Unique among live workers, a NATS token. */
  readonly id: string;
  /** Rollouts at a time. */
  readonly slots: number;
}

/** Takes assignments from the bus and drives the agent loops of many rollouts in one process. */
export class Worker {
  readonly #deps: WorkerDeps;
  readonly #options: WorkerOptions;
  readonly #active = new ActiveRollouts();
  readonly #shutdown = new AbortController();
  readonly #drain = new AbortController();
  readonly #drainNow = new AbortController();
  readonly #subscriptions: Subscription[] = [];
  #asked = 0;
  #loops: Promise<unknown> = Promise.resolve();

  constructor(deps: WorkerDeps, options: WorkerOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Rollouts that it drives now. */
  get activeCount(): number {
    return this.#active.size;
  }

  /** Begins to answer queries and to pull. */
  async start(): Promise<void> {
    const { bus } = this.#deps;
    this.#subscriptions.push(
      await bus.serve(driverSubject(this.#options.id), async (payload) => this.#answerQuery(payload)),
      await bus.listen("rollyard.control.*", (payload) => this.#onControl(payload)),
    );
    this.#pullFree();
    this.#loops = Promise.all([this.#beatLoop(), this.#announceLoop()]);
  }

  /** Hands every rollout over at its next record, 30 s at most, and stops. For SIGTERM. */
  async drain(): Promise<void> {
    this.#drain.abort();
    const patience = this.#deps.clock.sleep(DRAIN_PATIENCE_MS, this.#shutdown.signal);
    void patience.then(() => this.#drainNow.abort());
    await this.#active.idle();
    await this.stop();
  }

  /** Stops at once and leaves everything as recorded; whoever takes over goes on. */
  async stop(): Promise<void> {
    this.#drain.abort();
    this.#drainNow.abort();
    this.#shutdown.abort();
    for (const rollout of this.#active.all()) rollout.abort.abort();
    await this.#active.idle();
    await Promise.all(this.#subscriptions.map((subscription) => subscription.stop()));
    await this.#loops;
  }

  /** Asks for as much work as there are slots that no open pull asks for yet. */
  #pullFree(): void {
    const free = this.#options.slots - this.#active.size - this.#asked;
    if (free <= 0 || this.#drain.signal.aborted) return;
    this.#asked += free;
    let left = free;
    const pull = this.#deps.bus.pull({
      kind: "rollout",
      max: free,
      expiresMs: PULL_EXPIRES_MS,
      signal: this.#drain.signal,
      onDelivery: (delivery) => {
        this.#asked -= 1;
        left -= 1;
        this.#take(delivery);
      },
    });
    void this.#afterPull(pull, () => {
      this.#asked -= left;
    });
  }

  async #afterPull(pull: Promise<number>, settle: () => void): Promise<void> {
    try {
      await pull;
    } catch (error) {
      this.#deps.logger.warn("pull failed", { code: toRollyardError(error).code });
      await this.#deps.clock.sleep(1000, this.#drain.signal);
    }
    settle();
    this.#pullFree();
  }

  #take(delivery: WorkDelivery): void {
    const decoded = this.#decode(delivery);
    if (decoded === null) return;
    const { assignment, ref } = decoded;
    const key = refKey(ref);
    // Redelivered to us while we drive it: the newer handle is the one to beat and to ack.
    if (this.#active.swap(key, delivery)) return this.#pullFree();
    const rollout = this.#active.add(key, ref, delivery);
    const deps = {
      ...this.#deps,
      worker: this.#options.id,
      signal: rollout.abort.signal,
      drain: this.#drain.signal,
      drainNow: this.#drainNow.signal,
      onFenced: () => rollout.abort.abort(),
    };
    const driven = driveAssignment(deps, assignment).then(
      (end) => this.#finish(rollout, end),
      (error: unknown) => this.#broken(rollout, assignment.outcomeAfter, error),
    );
    void driven.finally(() => {
      this.#active.remove(key);
      this.#pullFree();
    });
  }

  #decode(delivery: WorkDelivery): ReturnType<typeof decodeAssignment> | null {
    try {
      return decodeAssignment(delivery.payload);
    } catch (error) {
      // Nothing names the rollout: the controller finds its slot without a log, and the message stays as evidence.
      this.#deps.logger.error("assignment unreadable", { code: toRollyardError(error).code });
      return null;
    }
  }

  async #finish(rollout: ActiveRollout, end: DriveEnd): Promise<void> {
    if (end.kind === "ack") await rollout.delivery.ack();
    if (end.kind === "nak") await rollout.delivery.nak();
  }

  async #broken(rollout: ActiveRollout, outcomeAfter: bigint, error: unknown): Promise<void> {
    const ours = toRollyardError(error);
    this.#deps.logger.error("rollout could not be driven", { code: ours.code, attempt: rollout.ref.attempt });
    await giveUpOrRetry(
      { store: this.#deps.bus, clock: this.#deps.clock, signal: this.#shutdown.signal },
      { rollout, outcomeAfter, error: ours },
    );
  }

  #answerQuery(payload: Uint8Array): Uint8Array {
    const { ref } = fromBinary(DriverQuerySchema, payload);
    const isHeld = ref !== undefined && this.#active.has(refKey(requireRef({ ref })));
    const answer = create(DriverAnswerSchema, { state: isHeld ? "held" : "free" });
    return toBinary(DriverAnswerSchema, answer);
  }

  #onControl(payload: Uint8Array): void {
    const { jobUid } = fromBinary(ControlNoticeSchema, payload);
    for (const rollout of this.#active.all()) {
      if (rollout.ref.jobUid === jobUid) rollout.abort.abort();
    }
  }

  async #beatLoop(): Promise<void> {
    while (!this.#shutdown.signal.aborted) {
      await this.#deps.clock.sleep(BEAT_MS, this.#shutdown.signal);
      for (const rollout of this.#active.all()) rollout.delivery.working();
    }
  }

  async #announceLoop(): Promise<void> {
    const { slots, id } = this.#options;
    while (!this.#shutdown.signal.aborted) {
      const free = this.#drain.signal.aborted ? 0 : Math.max(0, slots - this.#active.size);
      const throttled = this.#deps.throttled?.() ?? false;
      const announced = create(SlotsAnnouncedSchema, { worker: id, free, total: slots, throttled });
      this.#deps.bus.broadcast(slotsSubject(id), toBinary(SlotsAnnouncedSchema, announced));
      await this.#deps.clock.sleep(ANNOUNCE_MS, this.#shutdown.signal);
    }
  }
}
