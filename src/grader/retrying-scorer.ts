import { toRollyardError } from "../errors/rollyard-error.ts";
import type { GradeDeps } from "./port.ts";
import { decideRetry } from "./retry-decision.ts";
import type { RetryHistory } from "./retry-decision.ts";
import type { Scorer } from "./scorer.ts";

/** A rest that no grader can use. */
const SHORTEST_RUN_MS = 100;

/**
 * The one retry layer of graders: around each scorer that needs the world, so that a `multi` repeats only what failed.
 * All runs of a scorer share its time limit; those of a `multi` begin together, so their limit is that of the grading.
 */
export function retryingScorer(scorer: Scorer, tries: number): Scorer {
  return {
    name: scorer.name,
    type: scorer.type,
    score: async (input, deps) => {
      let history: RetryHistory = { failures: 0, waits: 0 };
      let leftMs = deps.timeLimitMs;
      const spend = (runMs: number): void => {
        leftMs -= runMs;
      };
      for (;;) {
        try {
          return await scorer.score(input, { ...deps, timeLimitMs: Math.floor(leftMs), spend });
        } catch (error) {
          if (leftMs < SHORTEST_RUN_MS) throw error;
          history = await waitForNextTry(scorer.type, error, { history, tries, deps });
        }
      }
    },
  };
}

interface TryContext {
  readonly history: RetryHistory;
  readonly tries: number;
  readonly deps: GradeDeps;
}

/** Resolves when it is time for the next try, or throws what ended the tries. */
async function waitForNextTry(
  graderType: string,
  thrown: unknown,
  { history, tries, deps }: TryContext,
): Promise<RetryHistory> {
  const error = toRollyardError(thrown);
  const decision = decideRetry(error, { history, tries });
  if (decision.kind === "give_up" || deps.signal.aborted) throw error;
  await deps.waitOut({ graderType, code: error.code, delayMs: decision.delayMs }, deps.signal);
  return decision.history;
}
