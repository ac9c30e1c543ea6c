import type { RolloutPlace } from "../rollout/ids.ts";
import type { JobLedger } from "./job-ledger.ts";

/** One assignment to make. */
export interface PlannedDispatch {
  readonly place: RolloutPlace;
  readonly attempt: number;
  readonly outcomeAfter: number;
}

/** What bounds dispatch now. */
export interface DispatchBounds {
  readonly parallelism: number;
  /** Slots that workers announce in all; null while none has announced. */
  readonly workerSlots: number | null;
  /** Rollouts that may still be begun by the job's budget; further attempts of those that were are not counted. */
  readonly budgetLeft: number;
  /**
   * Whether rollouts that wait for their grade hold a place too. Tokens are counted with the outcome, so only then can
   * no more than `parallelism` rollouts go past a budget of tokens.
   */
  readonly gradingHoldsPlace: boolean;
  /** Most assignments that may be made now, whatever there is room for; what other jobs leave. */
  readonly share: number;
}

/** Untaken work stays below this share of the workers' slots, so that the work stream stays shallow. */
const QUEUE_SHARE = 0.2;

/**
 * The assignments to make now, at most as many as there is room for. Missing members of groups that have begun go
 * first, so that groups complete early; then items in order.
 */
export function planDispatch(ledger: JobLedger, bounds: DispatchBounds): readonly PlannedDispatch[] {
  const { workerSlots, budgetLeft, share } = bounds;
  const { active, pending } = ledger.counts;
  const takenUp = workerSlots === null ? Infinity : takeable(workerSlots) - active;
  const room = Math.min(placesLeft(ledger, bounds), takenUp, share);
  if (room <= 0 || pending === 0) return [];
  const planned: PlannedDispatch[] = [];
  let fresh = 0;
  for (const place of ledger.pending()) {
    const { attempt, outcomeAfter } = ledger.line(place);
    // Those that were begun come first, and are paid for.
    fresh += attempt === 0 ? 1 : 0;
    if (fresh > budgetLeft) break;
    planned.push({ place, attempt, outcomeAfter });
    if (planned.length >= room) break;
  }
  return planned;
}

/** Rollouts that the job would dispatch now if it had all workers for itself. */
export function wantedDispatch(
  ledger: JobLedger,
  bounds: Pick<DispatchBounds, "parallelism" | "budgetLeft" | "gradingHoldsPlace">,
): number {
  const { counts, total, started } = ledger;
  const fresh = total - started;
  const due = counts.pending - fresh;
  return Math.max(0, Math.min(placesLeft(ledger, bounds), due + Math.min(fresh, bounds.budgetLeft)));
}

function placesLeft(
  { counts: { active, grading } }: JobLedger,
  { parallelism, gradingHoldsPlace }: Pick<DispatchBounds, "parallelism" | "gradingHoldsPlace">,
): number {
  return parallelism - active - (gradingHoldsPlace ? grading : 0);
}

function takeable(workerSlots: number): number {
  return workerSlots + Math.ceil(workerSlots * QUEUE_SHARE);
}
