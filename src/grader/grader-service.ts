import { keepBeating } from "../bus/keep-beating.ts";
import { LatestDelivery } from "../bus/latest-delivery.ts";
import type { WorkDelivery, WorkSource } from "../bus/port.ts";
import { toRollyardError } from "../errors/rollyard-error.ts";
import { assertNever } from "../lib/assert-never.ts";
import { OVER } from "../lib/over.ts";
import { Company } from "../rollout/company.ts";
import { CompanyStay } from "../rollout/company-stay.ts";
import { gradeDelivery } from "./grade-flow.ts";
import type { GradeEnd, GradeFlowDeps } from "./grade-flow.ts";
import { decodeGradeRequest } from "./grade-request.ts";
import { GRADER_COMPANY, pauseOf, suspicionOf } from "./grader-company.ts";
import type { GradingSlot } from "./grading-place.ts";
import { GradingShares } from "./grading-shares.ts";
import type { EndShare } from "./grading-shares.ts";
import { GradingSlots } from "./grading-slots.ts";
import type { SlotHold } from "./grading-slots.ts";
import type { GradingLoad } from "./metrics.ts";

/** What a grader service works with. */
export interface GraderServiceOptions extends Omit<GradeFlowDeps, "slot"> {
  readonly source: WorkSource;
  /** Gradings that run at once; those that only wait are held beside them. */
  readonly concurrency: number;
  /** How long a drain lets running graders go on; default 30 s. */
  readonly drainMs?: number;
}

interface HeldGrading {
  readonly latest: LatestDelivery;
  readonly hold: SlotHold;
  readonly running: Promise<void>;
  /** Monotonic milliseconds. */
  readonly sinceMs: number;
}

/** Gradings that a process has under way, running and waiting together, for each of its slots. */
const UNDER_WAY_PER_SLOT = 8;
/** Requests that it holds for later, for each of its slots. */
const PARKED_PER_SLOT = 64;
const PULL_EXPIRES_MS = 30_000;
const PULL_RETRY_MS = 1_000;
const DRAIN_MS = 30_000;
/** How long a delivery that met an error of ours stays away. */
const ERROR_DELAY_MS = 30_000;

/**
 * Pulls grade requests, no more than it has free slots for, beats for each from receipt to end, and grades them.
 * One life: `run` once, `drain` ends it.
 */
export class GraderService {
  readonly #options: GraderServiceOptions;
  readonly #soft = new AbortController();
  readonly #hard = new AbortController();
  readonly #over = new AbortController();
  readonly #company: Company;
  readonly #slots: GradingSlots;
  readonly #shares: GradingShares;
  /** Every grading held, by the subject of its work. */
  readonly #held = new Map<string, HeldGrading>();
  readonly #pulls = new Set<Promise<void>>();
  /** Deliveries that open pulls may still bring. */
  #asked = 0;

  constructor(options: GraderServiceOptions) {
    this.#options = options;
    this.#company = new Company(GRADER_COMPANY, options.clock);
    this.#slots = new GradingSlots(options.concurrency);
    this.#shares = new GradingShares(options.concurrency * UNDER_WAY_PER_SLOT);
    options.metrics.watchGradings(() => this.load());
  }

  /** Gradings under way, those that wait too. */
  get active(): number {
    return this.#held.size;
  }

  /** What this process holds now. */
  load(): GradingLoad {
    const held = [...this.#held.values()];
    const waiting = held.filter(({ hold }) => hold.isOutside).length;
    const oldestMs = Math.min(...held.map(({ sinceMs }) => sinceMs));
    return {
      running: held.length - waiting,
      waiting,
      oldestSeconds: held.length === 0 ? 0 : (this.#options.clock.monotonicMs() - oldestMs) / 1000,
    };
  }

  /** Starts to pull. Resolves after a drain, when everything taken has ended or was given back. */
  async run(): Promise<void> {
    this.#topUp();
    await new Promise<void>((resolve) => {
      if (this.#soft.signal.aborted) return resolve();
      this.#soft.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    // A pull that ends may still bring deliveries.
    await Promise.allSettled(this.#pulls);
    await Promise.allSettled(Array.from(this.#held.values(), ({ running }) => running));
    this.#over.abort();
  }

  /** Takes no more, gives back what waits, and after the drain time what still runs. Safe to repeat. */
  drain(): void {
    if (this.#soft.signal.aborted) return;
    this.#options.logger.info("grader drains", { active: this.active });
    this.#soft.abort();
    void this.#options.clock
      .sleep(this.#options.drainMs ?? DRAIN_MS, this.#over.signal)
      .then(() => this.#hard.abort());
  }

  /** While a suspect keeps others waiting here, they are left to other graders. */
  #topUp(): void {
    if (this.#soft.signal.aborted || this.#company.waiting > 0) return;
    const parking = this.#options.concurrency * PARKED_PER_SLOT - this.#shares.parked;
    const free = Math.min(this.#slots.free, this.#shares.free, parking) - this.#asked;
    if (free <= 0) return;
    this.#asked += free;
    const pull = this.#pull(free).finally(() => {
      this.#pulls.delete(pull);
      this.#topUp();
    });
    this.#pulls.add(pull);
  }

  async #pull(max: number): Promise<void> {
    const { source, clock, logger } = this.#options;
    let received = 0;
    const onDelivery = (delivery: WorkDelivery): void => {
      received += 1;
      this.#asked -= 1;
      this.#take(delivery);
    };
    const { signal } = this.#soft;
    try {
      await source.pull({ kind: "grade", max, expiresMs: PULL_EXPIRES_MS, signal, onDelivery });
    } catch (error) {
      logger.warn("pull failed", { code: toRollyardError(error).code });
      await clock.sleep(PULL_RETRY_MS, signal);
    } finally {
      this.#asked -= max - received;
    }
  }

  /** What comes again while it is held here has come because of an outage: it goes on with the newer delivery. */
  #take(delivery: WorkDelivery): void {
    const { subject } = delivery;
    const held = this.#held.get(subject);
    if (held !== undefined) return held.latest.swap(delivery);
    const latest = new LatestDelivery(delivery);
    const hold = this.#slots.take();
    const running = this.#grade(latest, hold).finally(() => {
      this.#held.delete(subject);
      hold.end();
      this.#topUp();
    });
    this.#held.set(subject, { latest, hold, running, sinceMs: this.#options.clock.monotonicMs() });
  }

  async #grade(delivery: WorkDelivery, hold: SlotHold): Promise<void> {
    const done = new AbortController();
    void keepBeating(delivery, this.#options.clock, done.signal);
    const endShare = await this.#share(delivery, hold);
    try {
      if (endShare === null) return await delivery.nak();
      await this.#gradeInCompany(delivery, hold);
    } catch (thrown) {
      const { code, message, cause } = toRollyardError(thrown);
      const kind = cause instanceof Error ? cause.name : undefined;
      this.#options.logger.error("grading met an error of ours", { code, reason: message, kind });
      await delivery.nak(ERROR_DELAY_MS);
    } finally {
      endShare?.();
      done.abort(OVER);
    }
  }

  /**
   * Waits until its environment has a share, without a slot meanwhile; null when a drain came first. A suspect waits for its
   * company only: put by, it would come again and again with the one that ends its graders, and be set aside like it.
   */
  async #share(delivery: WorkDelivery, hold: SlotHold): Promise<EndShare | null> {
    const environment = environmentOf(delivery);
    if (suspicionOf(delivery.deliveries) > 0) return this.#shares.take(environment);
    const end = this.#shares.tryTake(environment);
    if (end !== null) return end;
    hold.leave();
    const later = this.#shares.wait(environment, this.#soft.signal);
    this.#topUp();
    const endLater = await later;
    if (endLater === null || (await hold.enter(this.#soft.signal))) return endLater;
    endLater();
    return null;
  }

  async #gradeInCompany(delivery: WorkDelivery, hold: SlotHold): Promise<void> {
    const { suspicion, stay } = this.#stayOf(delivery);
    try {
      if (!(await this.#enter(stay, suspicion))) return await delivery.nak();
      const drain = { soft: this.#soft.signal, hard: this.#hard.signal };
      this.#report(
        await gradeDelivery(delivery, { ...this.#options, slot: this.#slotOf(stay, hold) }, drain),
      );
    } finally {
      stay.leave();
    }
  }

  /** Whoever waits is out of the company too: it harms nobody. */
  #slotOf(stay: CompanyStay, hold: SlotHold): GradingSlot {
    return {
      leave: () => {
        stay.leave();
        hold.leave();
        this.#topUp();
      },
      enter: async (signal) => {
        const isIn = (await stay.enterAgain(signal)) && (await hold.enter(signal));
        this.#topUp();
        return isIn;
      },
    };
  }

  #stayOf({ subject, deliveries }: WorkDelivery): {
    readonly suspicion: number;
    readonly stay: CompanyStay;
  } {
    const suspicion = suspicionOf(deliveries);
    const pauseMs = pauseOf(subject, suspicion);
    return { suspicion, stay: new CompanyStay(this.#company, this.#options.clock, pauseMs) };
  }

  /** False when a drain came first. */
  async #enter(stay: CompanyStay, suspicion: number): Promise<boolean> {
    const isIn = await stay.enter(suspicion, this.#soft.signal);
    // Nothing was asked for while it waited.
    this.#topUp();
    return isIn;
  }

  #report(end: GradeEnd): void {
    const { logger, metrics } = this.#options;
    switch (end.kind) {
      case "graded":
        for (const { check } of end.result.integrity) metrics.hackFlagged(check);
        metrics.rewardRecorded(end.environment, end.result.reward, end.result.executionSeconds);
        return logger.debug("rollout graded", { ...placeOf(end), seconds: end.result.executionSeconds });
      case "settled": {
        const { failureClass, code, cause } = end.failure;
        return logger.warn("rollout not gradable", { ...placeOf(end), class: failureClass, code, cause });
      }
      case "ended_before":
        return logger.debug("rollout ended before its grade", placeOf(end));
      case "given_back":
        return logger.debug("grade request given back", { reason: end.reason });
      default:
        return assertNever(end);
    }
  }
}

/** Requests that can't be read are all of one. */
function environmentOf({ subject, payload }: WorkDelivery): string {
  const request = decodeGradeRequest(subject, payload);
  return request.kind === "task" ? request.task.ref.environmentUid : "";
}

function placeOf({ task }: Pick<Extract<GradeEnd, { kind: "graded" }>, "task">) {
  const { jobUid, itemIndex, sampleIndex } = task.parts;
  return { job: jobUid, item: itemIndex, sample: sampleIndex, attempt: task.attempt };
}
