import { z } from "zod";
import { FAILURE_CLASSES } from "../errors/failure-class.ts";
import { describeNumbers } from "../lib/describe-numbers.ts";
import { formatIndexRanges } from "./index-ranges.ts";
import type { JobLedger } from "./job-ledger.ts";
import { hasZeroVariance } from "./zero-variance.ts";

const count = (description: string) => z.int().min(0).meta({ description });
const figure = (description: string) => z.number().nullable().meta({ description });

/** `status` of a RolloutJob without its times and conditions: it stays small however large the job is. */
export const jobStatusSchema = z.object({
  rollouts: z
    .object({
      total: count("Rollouts of the job."),
      pending: count("Not dispatched, or waiting for their next attempt."),
      active: count("Dispatched to a worker."),
      grading: count("Stopped and waiting for their grade."),
      graded: count("Ended with a reward."),
      failed: count("Ended without a reward."),
    })
    .meta({ description: "How many rollouts are where." }),
  failures: z.record(z.string(), z.int().min(0)).meta({
    description: "Final failed rollouts by class; they sum to `rollouts.failed`.",
  }),
  attempts: z
    .object({
      started: count("Attempts that were dispatched."),
      retried: count("Those beyond the first of a rollout that the retry budget paid."),
    })
    .meta({ description: "How many tries it took." }),
  tokens: z
    .object({ prompt: count("Prompt tokens."), completion: count("Completion tokens.") })
    .meta({ description: "Tokens of all ended attempts, those that failed among them." }),
  reward: z
    .object({
      mean: figure("Mean."),
      stddev: figure("Standard deviation of the population."),
      min: figure("Least."),
      max: figure("Greatest."),
      zeroVarianceGroups: count("Groups whose graded members all have the same reward."),
    })
    .meta({ description: "Rewards of graded rollouts; without figures while there are none." }),
  gradedIndexes: z.string().meta({
    description: "Graded rollouts as ranges of item × samplesPerItem + sample, such as 0-511,600.",
  }),
  gradedIndexesTruncated: z.boolean().meta({
    description: "Whether `gradedIndexes` was cut at its bound: what it lists is graded, and more are.",
  }),
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
