import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BEAT_MS } from "../bus/keep-beating.ts";
import { otherVersionDelayMs } from "../bus/other-version-delay.ts";
import type { Bus, Subscription, WorkDelivery } from "../bus/port.ts";
import { driverSubject, parseWorkSubject, slotsSubject } from "../bus/subjects.ts";
import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import {
  ControlNoticeSchema,
  DriverAnswerSchema,
  DriverQuerySchema,
  SlotsAnnouncedSchema,
} from "../gen/rollyard/v1/requests_pb.ts";
import { AttemptRefSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { Assignment } from "../gen/rollyard/v1/work_pb.ts";
import type { Clock } from "../lib/clock.ts";
import { steadyNow } from "../lib/steady-now.ts";
import type { Logger } from "../lib/logger.ts";
import { spreadMs } from "../lib/spread-ms.ts";
import { ActiveRollouts } from "./active-rollouts.ts";
import type { ActiveRollout } from "./active-rollouts.ts";
import { refKey, requireRef } from "./attempt-ref.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import { BrokenTries } from "./broken-tries.ts";
import { giveUp, giveUpOrRetry } from "./broken-work.ts";
import type { CloseDeps } from "./close-attempt.ts";
import { Company } from "./company.ts";
import { CompanyStay } from "./company-stay.ts";
import { decodeAssignment, driveAssignment } from "./drive-assignment.ts";
import type { AgentSetup } from "./agent-setup.ts";
import type { DriveEnd } from "./drive-assignment.ts";
import type { IdSource } from "./ids.ts";
import type { RolloutObserver } from "./observer.ts";
import { ReconnectPause } from "./reconnect-pause.ts";
import { judgeRepeated } from "./repeated-delivery.ts";
import { repeatedWork } from "./repeated-work.ts";
import type { SandboxClaims } from "./sandbox-lease.ts";
import { WORKER_COMPANY } from "./worker-company.ts";

/** An assignment that no worker can read, and that came more often, is settled by its subject. */
const MAX_UNREADABLE = 20;
/** How long an assignment that this version does not understand stays away. */
/** How long a drain waits for calls that are under way. */
const DRAIN_PATIENCE_MS = 30_000;
const PULL_EXPIRES_MS = 30_000;
const ANNOUNCE_MS = 5000;

/** What a worker needs of the world. */
export interface WorkerDeps {
  readonly bus: Pick<
    Bus,
    "publish" | "read" | "readLast" | "request" | "pull" | "serve" | "listen" | "broadcast" | "onStatus"
  >;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly observer: RolloutObserver;
  readonly claims: SandboxClaims;
  readonly setupFor: (specHash: string) => Promise<AgentSetup>;
  /** Origins of the model endpoints that throttle this process now. */
  readonly throttledEndpoints?: () => readonly string[];
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
  readonly #suspects: Company;
  readonly #reconnects: ReconnectPause;
  readonly #brokenTries = new BrokenTries();
  readonly #steadyNow: () => number;
  readonly #shutdown = new AbortController();
  readonly #drain = new AbortController();
  readonly #drainNow = new AbortController();
  readonly #subscriptions: Subscription[] = [];
  #asked = 0;
  #loops: Promise<unknown> = Promise.resolve();

  constructor(deps: WorkerDeps, options: WorkerOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#suspects = new Company(WORKER_COMPANY, deps.clock);
    this.#reconnects = new ReconnectPause(deps.clock);
    this.#steadyNow = steadyNow(deps.clock);
  }

  /** Rollouts that it drives now. */
  get activeCount(): number {
    return this.#active.size;
  }

  /** Begins to answer queries and to pull. */
  async start(): Promise<void> {
    const { bus } = this.#deps;
    bus.onStatus((status) => this.#reconnects.noticed(status));
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
    this.#announce();
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

  /**
   * Slots that are taken. What waits among the suspects is held but not driven: half as many as there are slots take
   * none, so that they do not keep out what is healthy.
   */
  get #taken(): number {
    const unslotted = Math.min(this.#suspects.waiting, Math.ceil(this.#options.slots / 2));
    return this.#active.size - unslotted;
  }

  /** Asks for as much work as there are slots that no open pull asks for yet. */
  #pullFree(): void {
    const free = this.#options.slots - this.#taken - this.#asked;
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
    if (decoded === null) {
      void this.#unreadable(delivery);
      return this.#pullFree();
    }
    const { assignment, ref } = decoded;
    const key = refKey(ref);
    // Redelivered to us while we drive it: the newer handle is the one to beat and to ack.
    if (this.#active.swap(key, delivery)) return this.#pullFree();
    const rollout = this.#active.add(key, ref, delivery);
    void this.#drive(rollout, assignment).finally(() => {
      this.#active.remove(key);
      this.#pullFree();
    });
  }

  async #drive(rollout: ActiveRollout, assignment: Assignment): Promise<void> {
    const { outcomeAfter } = assignment;
    const { ref } = rollout;
    const probation = new CompanyStay(this.#suspects, this.#deps.clock, this.#pauseOf(ref));
    const { signal } = rollout.abort;
    const deps = {
      ...this.#deps,
      worker: this.#options.id,
      signal,
      drain: this.#drain.signal,
      drainNow: this.#drainNow.signal,
      onFenced: () => rollout.abort.abort(),
      reconnects: this.#reconnects,
      steadyNow: this.#steadyNow,
      probation,
    };
    try {
      const verdict = await judgeRepeated(deps, ref, rollout.delivery);
      if (verdict === "held") return;
      if (verdict === "set_aside") {
        const error = new RollyardError("worker_poison");
        return await giveUp(this.#closing, { rollout, outcomeAfter, error });
      }
      const isIn = verdict === "drive" || (await this.#enterAlone(rollout, probation));
      if (!isIn) return await this.#finish(rollout, { kind: signal.aborted ? "drop" : "nak" });
      await this.#finish(rollout, await driveAssignment(deps, assignment));
    } catch (error) {
      await this.#broken(rollout, outcomeAfter, error);
    } finally {
      probation.leave();
    }
  }

  #enterAlone({ abort, delivery }: ActiveRollout, probation: CompanyStay): Promise<boolean> {
    const leaving = AbortSignal.any([abort.signal, this.#drain.signal]);
    return probation.enter(delivery.deliveries, leaving);
  }

  /** 0 to 999 ms, made of the names of worker and attempt. */
  #pauseOf(ref: AttemptRef): number {
    return spreadMs(`${this.#options.id}/${refKey(ref)}`, 1000);
  }

  #decode(delivery: WorkDelivery): ReturnType<typeof decodeAssignment> | null {
    try {
      return decodeAssignment(delivery.payload);
    } catch (error) {
      const { code } = toRollyardError(error);
      this.#deps.logger.error("assignment unreadable", { code, subject: delivery.subject });
      return null;
    }
  }

  /** A newer worker may read it. When none does, it is settled by its subject, which names the attempt. */
  async #unreadable(delivery: WorkDelivery): Promise<void> {
    const parts = parseWorkSubject(delivery.subject);
    if (parts === null || delivery.deliveries <= MAX_UNREADABLE)
      return delivery.nak(otherVersionDelayMs(delivery.deliveries));
    const error = new RollyardError("internal", { message: "The assignment can't be read." });
    const rollout = { ref: create(AttemptRefSchema, { ...parts }), delivery };
    await giveUp(this.#closing, { rollout, outcomeAfter: 0n, error }).catch(() => undefined);
  }

  get #closing(): CloseDeps {
    return { store: this.#deps.bus, clock: this.#deps.clock, signal: this.#shutdown.signal };
  }

  async #finish(rollout: ActiveRollout, end: DriveEnd): Promise<void> {
    if (end.kind === "ack") {
      this.#brokenTries.forget(refKey(rollout.ref));
      await rollout.delivery.ack();
    }
    if (end.kind === "nak") await rollout.delivery.nak();
  }

  async #broken(rollout: ActiveRollout, outcomeAfter: bigint, thrown: unknown): Promise<void> {
    const error = toRollyardError(thrown);
    this.#deps.logger.error("rollout could not be driven", {
      code: error.code,
      attempt: rollout.ref.attempt,
    });
    // A worker of that version may have it next time.
    if (error.code === "other_version")
      return rollout.delivery.nak(otherVersionDelayMs(rollout.delivery.deliveries));
    // Shut down meanwhile: whoever takes over finds it as it is.
    const tries = this.#brokenTries.count(refKey(rollout.ref));
    await giveUpOrRetry(this.#closing, { rollout, outcomeAfter, error }, tries).catch(() => undefined);
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
    while (!this.#shutdown.signal.aborted) {
      this.#announce();
      // A rollout that has begun to wait among the suspects may have left its slot.
      this.#pullFree();
      await this.#deps.clock.sleep(ANNOUNCE_MS, this.#shutdown.signal);
    }
  }

  /** A worker that drains has no slots at all: what it leaves is not waited for. */
  #announce(): void {
    const { id } = this.#options;
    const total = this.#drain.signal.aborted ? 0 : this.#options.slots;
    const free = Math.max(0, total - this.#taken);
    const throttledEndpoints = [...(this.#deps.throttledEndpoints?.() ?? [])];
    const repeated = [...repeatedWork(this.#active.all())];
    const announced = create(SlotsAnnouncedSchema, {
      worker: id,
      free,
      total,
      throttledEndpoints,
      repeatedWork: repeated,
    });
    this.#deps.bus.broadcast(slotsSubject(id), toBinary(SlotsAnnouncedSchema, announced));
  }
}
