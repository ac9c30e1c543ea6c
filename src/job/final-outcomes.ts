import { afterFailure } from "./retry-decision.ts";
import type { AfterFailure } from "./retry-decision.ts";
import type { OutcomeSummary } from "./outcome-summary.ts";
import type { RetrySpec } from "./retry-spec.ts";

/** Where a rollout that failed before stands. */
interface OpenRollout {
  /** The attempt whose outcome comes next. */
  readonly attempt: number;
  readonly countedFailures: number;
}

/**
 * Tells of each outcome of a job, read in stream order from its beginning, whether it is its rollout's last. It decides as the
 * job's ledger does, and keeps in memory only the rollouts that are tried again: any reader can do it.
 */
export class FinalOutcomes {
  readonly #retry: Pick<RetrySpec, "maxAttempts">;
  readonly #open = new Map<string, OpenRollout>();

  constructor(retry: Pick<RetrySpec, "maxAttempts">) {
    this.#retry = retry;
  }

  /** What follows; null for an outcome that is out of its rollout's chain. */
  follow({ place, attempt, end }: OutcomeSummary): AfterFailure | "graded" | null {
    const key = `${place.itemIndex}-${place.sampleIndex}`;
    const { attempt: expected, countedFailures: before } = this.#open.get(key) ?? FRESH;
    if (attempt !== expected) return null;
    if (end.kind === "graded") {
      this.#open.delete(key);
      return "graded";
    }
    const { failureClass, code } = end;
    const countedFailures = before + (failureClass === "cancelled" ? 0 : 1);
    const after = afterFailure({ failureClass, code, countedFailures }, this.#retry);
    if (after === "final") this.#open.delete(key);
    else this.#open.set(key, { attempt: attempt + 1, countedFailures });
    return after;
  }
}

const FRESH: OpenRollout = { attempt: 0, countedFailures: 0 };
