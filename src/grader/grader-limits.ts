import { RateGate } from "./rate-gate.ts";
import { GRADER_TRIES } from "./retry-decision.ts";
import type { Scorer } from "./scorer.ts";

/** What a process lets each grader of one type do. Every grader of an Environment counts for itself. */
export interface GraderLimits {
  /** Runs at once; default no limit of its own. */
  readonly concurrency?: number | undefined;
  /** Runs begun in a second; default no limit of its own. */
  readonly requestsPerSecond?: number | undefined;
  /** Tries of one that ran and failed; waits are none. Default {@link GRADER_TRIES}. */
  readonly tries?: number | undefined;
}

/** Tries of a grader with these limits. */
export function triesOf({ tries }: GraderLimits): number {
  return tries ?? GRADER_TRIES;
}

/** Keeps a scorer's runs within its limits. What waits for its turn spends none of the grade's time. */
export function limitedScorer(
  scorer: Scorer,
  { concurrency, requestsPerSecond }: Omit<GraderLimits, "tries">,
): Scorer {
  const gate = requestsPerSecond === undefined ? null : new RateGate(requestsPerSecond);
  const turns = new Turns(concurrency ?? Number.POSITIVE_INFINITY);
  return {
    name: scorer.name,
    type: scorer.type,
    score: async (input, deps) => {
      await turns.begin(deps.signal);
      try {
        await gate?.pass(deps.clock, deps.signal);
        return await scorer.score(input, deps);
      } finally {
        turns.end();
      }
    },
  };
}

/** Lets so many run at once, first come first served. */
class Turns {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(most: number) {
    this.#free = most;
  }

  /** Rejects with the signal's reason when it aborts; then there is no turn to end. */
  async begin(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      const enter = (): void => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.push(enter);
    });
  }

  end(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
