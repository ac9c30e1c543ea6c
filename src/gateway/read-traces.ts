import { outcomesFilter, traceOwner } from "../bus/subjects.ts";
import { loadSnapshot } from "../config/snapshot.ts";
import { outcomeSummary } from "../job/outcome-summary.ts";
import type { ServedEnvironment } from "../trace/trace-ref.ts";
import { messagesUntilNow } from "./follow-job.ts";
import { LineMaker } from "./read-results.ts";
import type { ResultsDeps, ResultsQuery } from "./read-results.ts";
import type { ResultLine } from "./result-lines.ts";

/**
 * The lines of a served environment's ended traces that are on record, in the order in which they ended. They have no end of their
 * own, so that the last line says `ended: false`. Rejects as the reading of a job's results does.
 */
export async function* readTraces(
  deps: ResultsDeps,
  { namespace, environmentUid, specHash }: ServedEnvironment,
  query: Pick<ResultsQuery, "after" | "trajectories">,
): AsyncGenerator<ResultLine, void, undefined> {
  const owner = { namespace, jobUid: traceOwner(environmentUid), retry: null };
  const snapshot = await loadSnapshot(deps.store, specHash);
  const whole = { ...query, follow: false, by: "rollout", attempts: false } as const;
  const lines = new LineMaker(deps, { ...owner, ...snapshot }, whole);
  for await (const messages of messagesUntilNow(deps, { stream: "outcomes", filter: outcomesFilter(owner) }))
    yield* lines.of(messages.flatMap((message) => outcomeSummary(message) ?? []));
  yield { type: "end", ended: false };
}
