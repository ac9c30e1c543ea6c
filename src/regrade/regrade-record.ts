import { z } from "zod";
import { raisedFlags } from "../grader/error-flags.ts";
import type { GradingAccount } from "../grader/grading-account.ts";
import type { GradeResult } from "../grader/port.ts";
import type { FailureRecord } from "../rollout/state.ts";
import { graderUsage, resultRecordSchema } from "../trajectory/result-record.ts";
import type { ResultRecord } from "../trajectory/result-record.ts";

/** A line of regrades/<series>.jsonl: a rollout's result as another grader sees it. */
export const regradeRecordSchema = resultRecordSchema.extend({ series: z.string() });

/** See {@link regradeRecordSchema}. */
export type RegradeRecord = z.output<typeof regradeRecordSchema>;

/** The line of a rollout that the series' grader gave a reward. */
export function regradedRecord(before: ResultRecord, series: string, result: GradeResult): RegradeRecord {
  return {
    ...before,
    outcome: "graded",
    failure_class: null,
    failure_code: null,
    failure_reason: null,
    evidence: { ...result.evidence },
    reward: result.reward,
    passed: result.passed,
    sub_rewards: { ...result.subRewards },
    flags: [...result.flags],
    grader_usage: graderUsage(result.usage),
    grader_errors: raisedFlags(result.errors),
    seconds: { ...before.seconds, grade: Math.round(result.executionSeconds * 1e6) / 1e6 },
    series,
  };
}

/** Why a rollout has no reward in a series. */
export interface Unregraded {
  readonly failure: FailureRecord;
  readonly account: GradingAccount;
}

/** The line of one that has no reward in the series: null is not zero, and no reward of before is taken over. */
export function unregradedRecord(
  before: ResultRecord,
  series: string,
  { failure, account }: Unregraded,
): RegradeRecord {
  const { failureClass, code, cause, evidence } = failure;
  return {
    ...before,
    outcome: "failed",
    failure_class: failureClass,
    failure_code: code,
    failure_reason: cause,
    evidence: { ...evidence },
    reward: null,
    passed: null,
    sub_rewards: {},
    flags: [],
    grader_usage: graderUsage(account.usage),
    grader_errors: { ...account.errors },
    seconds: { ...before.seconds, grade: 0 },
    series,
  };
}
