import type { Bus } from "../bus/port.ts";
import { outcomesFilter } from "../bus/subjects.ts";
import { attemptsInWork } from "./attempts-in-work.ts";
import type { JobIdentity } from "./job-identity.ts";
import type { JobLedger } from "./job-ledger.ts";
import { outcomeSummary } from "./outcome-summary.ts";
import type { OutcomeSummary } from "./outcome-summary.ts";
import type { AfterFailure } from "./retry-decision.ts";

/** An outcome and what follows from it. */
export interface CountedOutcome {
  readonly outcome: OutcomeSummary;
  readonly after: AfterFailure | "graded";
}

/** What a job's streams hold. */
export interface FoundOutcomes {
  /** Rollouts that have an outcome. */
  readonly rollouts: number;
  readonly gradedAttempts: number;
  readonly failedAttempts: number;
}

/** What a ledger was rebuilt from. */
export interface RebuiltLedger {
  /** Those that count, in order. */
  readonly outcomes: readonly CountedOutcome[];
  readonly found: FoundOutcomes;
  /** Stream sequence to follow outcomes from. */
  readonly nextSequence: number;
}

/**
 * Fills an empty ledger from the bus, in flow order: rollout work, then grade and settle work, then outcomes. Each
 * step stores the next before it acknowledges, so nothing that is alive looks missing. Rejects with `bus_unavailable`
 * before it has changed anything.
 */
export async function rebuildLedger(
  bus: Pick<Bus, "subjects" | "replayHeaders">,
  job: JobIdentity,
  ledger: JobLedger,
): Promise<RebuiltLedger> {
  const inWork = await attemptsInWork(bus, job, "rollout");
  const inGrade = await attemptsInWork(bus, job, "grade");
  const inSettle = await attemptsInWork(bus, job, "settle");
  const summaries: OutcomeSummary[] = [];
  let nextSequence = 1;
  for await (const message of bus.replayHeaders("outcomes", outcomesFilter(job))) {
    nextSequence = message.sequence + 1;
    const outcome = outcomeSummary(message);
    if (outcome !== null) summaries.push(outcome);
  }
  const outcomes = summaries.flatMap((outcome) => {
    const after = ledger.ended(outcome);
    return after === null ? [] : [{ outcome, after }];
  });
  for (const parts of inWork) ledger.dispatched(parts, parts.attempt);
  for (const parts of [...inGrade, ...inSettle]) ledger.released(parts, parts.attempt);
  return { outcomes, found: foundIn(summaries), nextSequence };
}

function foundIn(summaries: readonly OutcomeSummary[]): FoundOutcomes {
  const gradedAttempts = summaries.filter(({ end }) => end.kind === "graded").length;
  return {
    rollouts: new Set(summaries.map(({ place }) => `${place.itemIndex}-${place.sampleIndex}`)).size,
    gradedAttempts,
    failedAttempts: summaries.length - gradedAttempts,
  };
}
