import type { LimitsInForce } from "./grader-limits.ts";
import type { GradeDeps } from "./port.ts";
import { RateGate } from "./rate-gate.ts";
import type { Scorer } from "./scorer.ts";
import { Turns } from "./turns.ts";

type Waiter = Pick<GradeDeps, "clock" | "signal" | "stay">;

/**
 * Where the runs of one grader wait for its limits, first come first served. Whoever waits has stepped out: it holds none
 * of its process's slots, and spends none of the grade's time.
 */
export class GraderGate {
  /** Most runs of one that fails. */
  readonly tries: number;
  readonly #turns: Turns;
  readonly #rate: RateGate | null;
  /** Whose start is the next. */
  readonly #nextToStart = new Turns(1);

  constructor({ concurrency, requestsPerSecond, tries }: LimitsInForce) {
    this.tries = tries;
    this.#turns = new Turns(concurrency ?? Number.POSITIVE_INFINITY);
    this.#rate = requestsPerSecond === undefined ? null : new RateGate(requestsPerSecond);
  }

  /** Resolves when a run may start; it must {@link leave}. Rejects as `stepOut` does; then there is nothing to leave. */
  async enter(waiter: Waiter): Promise<void> {
    await begin(this.#turns, waiter);
    if (this.#rate === null) return;
    try {
      await this.#passRate(this.#rate, waiter);
    } catch (error) {
      this.#turns.end();
      throw error;
    }
  }

  /** A run has ended. */
  leave(): void {
    this.#turns.end();
  }

  /** It is timed when it is back in its slot: those that wait for one must not start all at once. */
  async #passRate(rate: RateGate, waiter: Waiter): Promise<void> {
    const { clock, signal, stay } = waiter;
    await begin(this.#nextToStart, waiter);
    try {
      for (let waitMs = rate.waitMs(clock.monotonicMs()); waitMs > 0;) {
        const restMs = waitMs;
        await stay.stepOut((stop) => clock.sleep(restMs, stop), signal);
        waitMs = rate.waitMs(clock.monotonicMs());
      }
      rate.start(clock.monotonicMs());
    } finally {
      this.#nextToStart.end();
    }
  }
}

async function begin(turns: Turns, { signal, stay }: Waiter): Promise<void> {
  signal.throwIfAborted();
  if (turns.tryBegin()) return;
  let hasTurn = false;
  try {
    await stay.stepOut(async (stop) => {
      await turns.begin(stop);
      hasTurn = true;
    }, signal);
  } catch (error) {
    if (hasTurn) turns.end();
    throw error;
  }
}

/** Keeps a scorer's runs within its grader's limits. */
export function gatedScorer(scorer: Scorer, gate: GraderGate): Scorer {
  return {
    name: scorer.name,
    type: scorer.type,
    score: async (input, deps) => {
      await gate.enter(deps);
      try {
        return await scorer.score(input, deps);
      } finally {
        gate.leave();
      }
    },
  };
}
