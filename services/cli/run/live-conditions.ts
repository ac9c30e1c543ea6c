import type { Bus } from "../../../src/bus/port.ts";
import { changedConditions, jobConditions } from "../../../src/job/job-conditions.ts";
import type { Condition, ConditionFacts } from "../../../src/job/job-conditions.ts";
import type { JobEnd } from "../../../src/job/job-end.ts";
import type { JobRunner } from "../../../src/job/job-runner.ts";
import type { Clock } from "../../../src/lib/clock.ts";
import type { Logger } from "../../../src/lib/logger.ts";
import type { EndpointState } from "../../../src/model/endpoint-gate.ts";
import type { BrokerSnapshot } from "../../../src/sandbox/broker-options.ts";

/** What a local run's conditions are judged by. */
export interface LiveConditionsParts {
  readonly runner: Pick<JobRunner, "ledger" | "isInterrupted" | "fullStreams" | "silentStreams" | "workers">;
  readonly broker: { snapshot(): Pick<BrokerSnapshot, "breaker"> };
  readonly bus: Pick<Bus, "onStatus">;
  readonly endpoints: () => readonly (Pick<EndpointState, "isThrottled"> & { readonly endpoint: string })[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts when the run's parts are closed: what they look like from then on says nothing of the job. */
  readonly signal: AbortSignal;
}

const TICK_MS = 1000;

/** The conditions of a local run's job, kept up to date; those that change are logged. */
export class LiveConditions {
  readonly #parts: LiveConditionsParts;
  #conditions: readonly Condition[] = [];
  #end: JobEnd | null = null;
  #isBusDown = false;

  constructor(parts: LiveConditionsParts) {
    this.#parts = parts;
    parts.bus.onStatus((status) => {
      this.#isBusDown = status === "disconnected";
      this.look();
    });
    this.look();
  }

  get isBusDown(): boolean {
    return this.#isBusDown;
  }

  /** Looks at them each second, until the parts are closed. */
  async watch(): Promise<void> {
    const { clock, signal } = this.#parts;
    while (!signal.aborted) {
      await clock.sleep(TICK_MS, signal);
      this.look();
    }
  }

  /** The job has ended: its conditions are final. */
  ended(end: JobEnd): readonly Condition[] {
    this.#end = end;
    return this.look();
  }

  /** As of the last second. */
  current(): readonly Condition[] {
    return this.#conditions;
  }

  /** Looks at them now, and logs those that have changed. */
  look(): readonly Condition[] {
    const { clock, logger, signal } = this.#parts;
    if (signal.aborted) return this.#conditions;
    const before = this.#conditions;
    this.#conditions = jobConditions(this.#facts(), clock.nowMs(), before);
    if (before.length === 0) return this.#conditions;
    for (const { type, status, reason } of changedConditions(before, this.#conditions)) {
      logger.info("job condition changed", { type, status, reason });
    }
    return this.#conditions;
  }

  #facts(): ConditionFacts {
    const { runner, broker } = this.#parts;
    const { graded, failed } = runner.ledger.counts;
    const { breaker } = broker.snapshot();
    return {
      end: this.#end,
      isSuspended: runner.isInterrupted,
      rollouts: { total: runner.ledger.total, graded, failed },
      isBusDown: this.#isBusDown,
      fullStreams: runner.fullStreams,
      silentStreams: runner.silentStreams,
      startsFailing: breaker.state === "closed" ? null : breaker.lastReason,
      throttled: this.#throttled(),
    };
  }

  /** Endpoints that this process calls, and the other workers that say so of theirs. */
  #throttled(): readonly string[] {
    const own = this.#parts.endpoints().filter(({ isThrottled }) => isThrottled);
    if (own.length > 0) return own.map(({ endpoint }) => endpoint);
    const workers = this.#parts.runner
      .workers()
      .filter(({ throttledEndpoints, worker }) => throttledEndpoints.length > 0 && worker !== "local");
    return workers.map(({ worker }) => `worker ${worker}`);
  }
}
