import path from "node:path";
import type { JoinedResult } from "./joined-results.ts";
import { countText, numberText } from "./number-text.ts";
import type { ResultRecord } from "./result-record.ts";
import type { RunFamily, RunMember } from "./run-family.ts";

/** One job's part in a joined view. */
export interface JobPart {
  readonly job: string;
  readonly rollouts: number;
  readonly graded: number;
  readonly failed: number;
  /** Of its rollouts those that stand as it has them. */
  readonly current: number;
  /** Whether it has come to its end. */
  readonly ended: boolean;
}

/** A rollout that failed in its job and has a reward by a retry. */
export interface ReplacedRollout {
  readonly item_index: number;
  readonly sample_index: number;
  /** The retry whose reward it is. */
  readonly job: string;
  readonly reward: number | null;
  /** How it had failed. */
  readonly failure_class: string | null;
  readonly failure_code: string | null;
}

/** What a job and its retries bring into a joined view. */
export interface JoinedJobs {
  /** The job itself first, then its retries by number. */
  readonly jobs: readonly JobPart[];
  readonly replaced: readonly ReplacedRollout[];
}

type Place = Pick<ResultRecord, "item_index" | "sample_index">;

/** Counts the results of a job and its retries by job, and says which retry mended what. */
export class JoinTally {
  readonly #base: RunMember;
  readonly #parts: Map<RunMember, { rollouts: number; graded: number; failed: number; current: number }>;
  /** Failures of the job itself that no longer count. */
  readonly #failures = new Map<string, ResultRecord>();
  readonly #replaced: ReplacedRollout[] = [];
  readonly #folders = new Map<string, string>();

  constructor({ base, retries }: RunFamily) {
    this.#base = base;
    this.#parts = new Map(
      [base, ...retries].map((member) => [member, { rollouts: 0, graded: 0, failed: 0, current: 0 }]),
    );
  }

  add({ record, member, isCurrent }: JoinedResult): void {
    const part = this.#parts.get(member);
    if (part !== undefined) {
      part.rollouts += 1;
      part[record.outcome] += 1;
      if (isCurrent) part.current += 1;
    }
    if (member === this.#base) {
      if (!isCurrent) this.#failures.set(keyOf(record), record);
      return;
    }
    if (!isCurrent) return;
    this.#folders.set(keyOf(record), path.basename(member.folder));
    if (record.outcome === "graded") this.#replace(record, member);
  }

  /** Name of the run folder that has a rollout as it stands. */
  folderOf(place: Place): string {
    return this.#folders.get(keyOf(place)) ?? path.basename(this.#base.folder);
  }

  /** `ended` are the folders of the jobs that have come to their end. */
  joined(ended: ReadonlySet<string>): JoinedJobs {
    const jobs = [...this.#parts].map(([{ job, folder }, part]) => ({
      job,
      ...part,
      ended: ended.has(folder),
    }));
    return { jobs, replaced: this.#replaced };
  }

  #replace({ item_index, sample_index, reward }: ResultRecord, { job }: RunMember): void {
    const before = this.#failures.get(keyOf({ item_index, sample_index }));
    const { failure_class = null, failure_code = null } = before ?? {};
    this.#replaced.push({ item_index, sample_index, job, reward, failure_class, failure_code });
  }
}

/** Rollouts that are named in a sentence. */
const NAMED = 20;

/** What a joined view is of, in sentences. */
export function joinSentences({ jobs, replaced }: JoinedJobs): readonly string[] {
  const [base, ...retries] = jobs;
  if (base === undefined) return [];
  const left = base.failed - replaced.length;
  const rest =
    left === 0 ? "" : ` ${countText(left, "rollout")} of it still ${left === 1 ? "has" : "have"} none.`;
  return [
    `${base.job} joined with ${retries.map(({ job }) => job).join(", ")}: ${replaced.length} of ${base.failed} failed ` +
      `rollouts have a reward by a retry.${rest}`,
    ...jobs
      .filter(({ ended }) => !ended)
      .map(({ job }) => `${job} has not ended: these are its rollouts so far.`),
    ...replacedSentence(replaced),
  ];
}

function replacedSentence(replaced: readonly ReplacedRollout[]): readonly string[] {
  if (replaced.length === 0) return [];
  const named = replaced
    .slice(0, NAMED)
    .map(
      ({ item_index, sample_index, job, reward, failure_class, failure_code }) =>
        `${item_index}-${sample_index} (${failure_class}/${failure_code}, now ${numberText(reward)} by ${job})`,
    );
  const more = replaced.length - named.length;
  return [`Replaced: ${named.join(", ")}${more > 0 ? `, and ${more} more` : ""}.`];
}

function keyOf({ item_index, sample_index }: Place): string {
  return `${item_index}-${sample_index}`;
}
