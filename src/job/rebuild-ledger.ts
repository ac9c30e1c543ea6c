import type { Bus } from "../bus/port.ts";
import { outcomesFilter, parseWorkSubject, workFilter } from "../bus/subjects.ts";
import type { WorkKind } from "../bus/streams.ts";
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

/**
 * Fills an empty ledger from the bus, in flow order: rollout work, then grade and settle work, then outcomes. Each
 * step stores the next before it acknowledges, so nothing that is alive looks missing. Resolves with the outcomes that
 * count, in order, and the sequence to follow from.
 */
export async function rebuildLedger(
  bus: Pick<Bus, "subjects" | "replayHeaders">,
  job: JobIdentity,
  ledger: JobLedger,
): Promise<{ readonly outcomes: readonly CountedOutcome[]; readonly nextSequence: number }> {
  const inWork = await attemptsIn(bus, job, "rollout");
  const inGrade = await attemptsIn(bus, job, "grade");
  const inSettle = await attemptsIn(bus, job, "settle");
  const outcomes: CountedOutcome[] = [];
  let nextSequence = 1;
  for await (const message of bus.replayHeaders("outcomes", outcomesFilter(job))) {
    nextSequence = message.sequence + 1;
    const outcome = outcomeSummary(message);
    const after = outcome === null ? null : ledger.ended(outcome);
    if (outcome !== null && after !== null) outcomes.push({ outcome, after });
  }
  for (const parts of inWork) ledger.dispatched(parts, parts.attempt);
  for (const parts of [...inGrade, ...inSettle]) ledger.released(parts, parts.attempt);
  return { outcomes, nextSequence };
}

async function attemptsIn(
  bus: Pick<Bus, "subjects">,
  job: JobIdentity,
  kind: WorkKind,
): Promise<readonly NonNullable<ReturnType<typeof parseWorkSubject>>[]> {
  const subjects = await bus.subjects("work", workFilter(kind, job));
  return [...subjects.keys()].map(parseWorkSubject).filter((parts) => parts !== null);
}
