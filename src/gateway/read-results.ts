import { outcomesFilter } from "../bus/subjects.ts";
import { loadSnapshot } from "../config/snapshot.ts";
import type { Snapshot } from "../config/snapshot.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { FinalOutcomes } from "../job/final-outcomes.ts";
import { parseIndexRanges } from "../job/index-ranges.ts";
import { loadRecord } from "../job/job-record.ts";
import type { RecordedJob } from "../job/job-record.ts";
import type { RetrySpec } from "../job/retry-spec.ts";
import { outcomeSummary } from "../job/outcome-summary.ts";
import type { OutcomeSummary } from "../job/outcome-summary.ts";
import { mapAhead } from "../lib/map-ahead.ts";
import type { Ahead, AheadRoom } from "../lib/map-ahead.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { resolveTools } from "../environment/tool-definitions.ts";
import type { FunctionTool } from "../model/port.ts";
import type { RolloutPlace } from "../rollout/ids.ts";
import { AttemptReader } from "../trajectory/attempt-reader.ts";
import { groupStatistics } from "../trajectory/group-statistics.ts";
import { GroupTally } from "../trajectory/group-tally.ts";
import type { GroupMembers } from "../trajectory/group-tally.ts";
import { resultRecord } from "../trajectory/result-record.ts";
import { trajectoryRecord } from "../trajectory/trajectory-record.ts";
import { followJob } from "./follow-job.ts";
import { lastLine } from "./last-line.ts";
import type { FollowDeps } from "./follow-job.ts";
import type { EndedRollout, ResultLine } from "./result-lines.ts";

/** What is asked for. */
export interface ResultsQuery {
  readonly follow: boolean;
  /** Cursor of the last line that the reader has; 0 for none. */
  readonly after: number;
  readonly by: "rollout" | "group";
  /** Whether messages, tokens and calls are wanted. */
  readonly trajectories: boolean;
  /** Whether attempts are wanted that failed and were tried again. */
  readonly attempts: boolean;
}

/** What reading results needs. */
export interface ResultsDeps extends FollowDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Shared by all readers: for rollouts that are read before their reader takes them. */
  readonly ahead: AheadRoom;
}

/** Whose results are read. */
export interface ReadJob extends RecordedJob {
  /** As the job's object has it now, for it may be edited; null for the one that it was begun with. */
  readonly retry: RetrySpec | null;
}

/** Rollouts that are read at once for one reader. */
const AHEAD = 4;

/**
 * The lines of a job's results, in the order in which its rollouts end. It is made from the streams alone, from their beginning:
 * any gateway gives the same lines, and goes on behind any cursor. Only what the reader takes is read. Rejects with
 * `bus_unavailable`, or `log_corrupt` for what this version can't read.
 */
export async function* readResults(
  deps: ResultsDeps,
  job: ReadJob,
  query: ResultsQuery,
): AsyncGenerator<ResultLine, void, undefined> {
  const place = { ...job, stream: "outcomes", filter: outcomesFilter(job), from: 1 } as const;
  let lines: LineMaker | null = null;
  for await (const found of followJob(deps, { ...place, follow: query.follow })) {
    if (found.kind === "messages") {
      // Without its record nothing of a job is in the streams.
      lines ??= await lineMaker(deps, job, query);
      yield* lines.of(found.messages.flatMap((message) => outcomeSummary(message) ?? []));
      continue;
    }
    const last = lastLine(found);
    if (lines !== null && last.type === "end" && last.ended) yield* lines.rest();
    yield last;
  }
}

async function lineMaker(deps: ResultsDeps, job: ReadJob, query: ResultsQuery): Promise<LineMaker> {
  const stored = await loadRecord(deps.store, job);
  if (stored === null)
    throw new RollyardError("job_not_found", { message: "The job was deleted meanwhile." });
  return new LineMaker(deps, { ...job, ...(await loadSnapshot(deps.store, stored.record.specHash)) }, query);
}

type Member = RolloutPlace & { readonly summary: OutcomeSummary };

/** Turns outcomes, given in stream order from the first on, into lines; those that are removed while they are read have none. */
export class LineMaker {
  readonly #job: ReadJob & Snapshot;
  readonly #query: ResultsQuery;
  readonly #finals: FinalOutcomes;
  readonly #groups: GroupTally<Member>;
  readonly #reader: AttemptReader;
  readonly #ahead: Ahead;
  readonly #tools: readonly FunctionTool[];

  constructor(deps: ResultsDeps, job: ReadJob & Snapshot, query: ResultsQuery) {
    const { samplesPerItem, indexes, retry } = job.job;
    this.#job = job;
    this.#query = query;
    this.#finals = new FinalOutcomes(job.retry ?? retry);
    this.#groups = new GroupTally({
      samplesPerItem,
      indexes: indexes === undefined ? null : parseIndexRanges(indexes),
    });
    this.#reader = new AttemptReader({ ...deps, job });
    // A group is many rollouts: the next is read once this one is taken.
    this.#ahead = { width: query.by === "group" ? 1 : AHEAD, room: deps.ahead };
    this.#tools = resolveTools(job.environment).map(({ definition }) => definition);
  }

  /** The lines that follow from them. */
  async *of(summaries: readonly OutcomeSummary[]): AsyncGenerator<ResultLine, void, undefined> {
    const makers = summaries.flatMap((summary) => {
      const make = this.#makerOf(summary);
      return make === null || summary.sequence <= this.#query.after ? [] : [make];
    });
    for await (const line of mapAhead(makers, this.#ahead, (make) => make())) if (line !== null) yield line;
  }

  /** Counts an outcome, and says what its line is made by; null where none follows from it. */
  #makerOf(summary: OutcomeSummary): (() => Promise<ResultLine | null>) | null {
    const { by, attempts } = this.#query;
    const { sequence: cursor, place } = summary;
    const decision = this.#finals.follow(summary);
    if (decision === null) return null;
    if (decision === "retry" || decision === "resume") return attempts ? () => this.#attempt(summary) : null;
    if (by === "rollout") return () => this.#result(summary);
    const group = this.#groups.add({ ...place, summary });
    return group === null ? null : () => this.#group(group, cursor, true);
  }

  /** Groups that will not be complete any more. */
  async *rest(): AsyncGenerator<ResultLine, void, undefined> {
    const groups = this.#groups.rest();
    const lines = mapAhead(groups, this.#ahead, (group) => {
      const last = Math.max(...group.members.map(({ summary }) => summary.sequence));
      return this.#group(group, last, false);
    });
    for await (const line of lines) if (line !== null) yield line;
  }

  async #result(summary: OutcomeSummary): Promise<ResultLine | null> {
    const ended = await this.#ended(summary);
    return ended === null ? null : { type: "result", cursor: summary.sequence, ...ended };
  }

  async #attempt(summary: OutcomeSummary): Promise<ResultLine | null> {
    const ended = await this.#ended(summary, false);
    return ended === null ? null : { type: "attempt", cursor: summary.sequence, result: ended.result };
  }

  async #group(
    { itemIndex, members }: GroupMembers<Member>,
    cursor: number,
    complete: boolean,
  ): Promise<ResultLine | null> {
    const results: EndedRollout[] = [];
    const read = mapAhead(members, { width: AHEAD }, ({ summary }) => this.#ended(summary));
    for await (const ended of read) if (ended !== null) results.push(ended);
    if (results.length < members.length) return null;
    const [group] = groupStatistics(results.map(({ result }) => result)).groups;
    if (group === undefined) throw new RollyardError("internal", { details: { item: itemIndex } });
    return { type: "group", cursor, complete, group, results };
  }

  async #ended(
    summary: OutcomeSummary,
    withTrajectory = this.#query.trajectories,
  ): Promise<EndedRollout | null> {
    const { jobName, job } = this.#job;
    const ended = await this.#reader.readUnlessGone(summary);
    if (ended === null) return null;
    const { outcome, attempt } = ended;
    const result = resultRecord({ jobName, policyVersion: job.policyVersion }, outcome, attempt);
    if (!withTrajectory || attempt === null) return { result };
    return { result, trajectory: trajectoryRecord(attempt, result.reward, this.#tools) };
  }
}
