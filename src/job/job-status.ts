import { z } from "zod";
import { FAILURE_CLASSES } from "../errors/failure-class.ts";
import { describeNumbers } from "../lib/describe-numbers.ts";
import { formatIndexRanges } from "./index-ranges.ts";
import type { JobLedger } from "./job-ledger.ts";
import { hasZeroVariance } from "./zero-variance.ts";

const count = z.number();
const figure = z.number().nullable();

/** `status` of a RolloutJob without its times and conditions. */
export const jobStatusSchema = z.object({
  rollouts: z.object({
    total: count,
    pending: count,
    active: count,
    grading: count,
    graded: count,
    failed: count,
  }),
  /** Final failed rollouts by class; they sum to `rollouts.failed`. */
  failures: z.record(z.string(), count),
  attempts: z.object({
    started: count,
    /** Those beyond the first of a rollout that the retry budget paid. */
    retried: count,
  }),
  /** Of all ended attempts, those that failed among them. */
  tokens: z.object({ prompt: count, completion: count }),
  /** Of graded rollouts; null while there are none. `stddev` is the population's. */
  reward: z.object({ mean: figure, stddev: figure, min: figure, max: figure, zeroVarianceGroups: count }),
  /** Ranges of item × samplesPerItem + sample. */
  gradedIndexes: z.string(),
  /** Whether `gradedIndexes` was cut at its bound: what it lists is graded, and more are. */
  gradedIndexesTruncated: z.boolean(),
});

/** See {@link jobStatusSchema}. */
export type JobStatus = z.output<typeof jobStatusSchema>;

/** Most bytes of `gradedIndexes`: a status must stay small, whatever pattern a job is graded in. */
const GRADED_INDEXES_BYTES = 8 * 1024;

/** A job's status as its ledger has it. Pure; reads every line once. */
export function jobStatus(ledger: JobLedger): JobStatus {
  const { counts, failures, tokens, total } = ledger;
  const graded: number[] = [];
  const rewards: number[] = [];
  let started = 0;
  for (const [index, { phase, attempt, reward }] of ledger.lines()) {
    started += phase === "pending" ? attempt : attempt + 1;
    if (reward === null) continue;
    graded.push(index);
    rewards.push(reward);
  }
  const { mean, stddev, min, max } = describeNumbers(rewards);
  const flat = [...ledger.rewardsByItem().values()].filter(hasZeroVariance).length;
  const { text, isCut } = cutRanges(formatIndexRanges(graded), GRADED_INDEXES_BYTES);
  return {
    rollouts: {
      total,
      pending: counts.pending,
      active: counts.active,
      grading: counts.grading,
      graded: counts.graded,
      failed: counts.failed,
    },
    failures: Object.fromEntries(
      FAILURE_CLASSES.filter((name) => failures[name] > 0).map((name) => [name, failures[name]]),
    ),
    attempts: { started, retried: ledger.retriesTaken },
    tokens: { prompt: tokens.prompt, completion: tokens.completion },
    reward: { mean, stddev, min, max, zeroVarianceGroups: flat },
    gradedIndexes: text,
    gradedIndexesTruncated: isCut,
  };
}

/** The first ranges that fit, whole. */
function cutRanges(text: string, bytes: number): { readonly text: string; readonly isCut: boolean } {
  if (text.length <= bytes) return { text, isCut: false };
  return { text: text.slice(0, text.lastIndexOf(",", bytes)), isCut: true };
}
