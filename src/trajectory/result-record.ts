import { z } from "zod";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { Outcome } from "../gen/rollyard/v1/work_pb.ts";
import { unionMs } from "../rollout/agent-time.ts";
import { rolloutId } from "../rollout/ids.ts";
import type { AttemptState } from "../rollout/state.ts";

const usageSchema = z.object({ prompt_tokens: z.number(), completion_tokens: z.number() });

const secondsSchema = z.object({
  queued: z.number(),
  sandbox: z.number(),
  model: z.number(),
  tool: z.number(),
  grade: z.number(),
});

/** A line of results.jsonl: the final outcome of one rollout. `reward` is null when it failed: null is not zero. */
export const resultRecordSchema = z.object({
  job: z.string(),
  rollout: z.string(),
  trace_id: z.string(),
  item_index: z.number(),
  sample_index: z.number(),
  /** The row's own `split`, such as train or validation; absent where rows have none. */
  split: z.string().optional(),
  attempt: z.number(),
  outcome: z.enum(["graded", "failed"]),
  failure_class: z.string().nullable(),
  failure_code: z.string().nullable(),
  failure_reason: z.string().nullable(),
  evidence: z.record(z.string(), z.string()),
  reward: z.number().nullable(),
  passed: z.boolean().nullable(),
  sub_rewards: z.record(z.string(), z.number()),
  flags: z.array(z.string()),
  stop_reason: z.string().nullable(),
  turns: z.number(),
  tool_calls: z.number(),
  policy_version: z.string().nullable(),
  usage: usageSchema.nullable(),
  /** Tokens of judge models, by the model that the grader names; lines of earlier versions have none. */
  grader_usage: z.record(z.string(), usageSchema).default({}),
  /** OpenAI's error flags that the grading raised; lines of earlier versions have none. */
  grader_errors: z.record(z.string(), z.string()).default({}),
  seconds: secondsSchema,
});

/** See {@link resultRecordSchema}. */
export type ResultRecord = z.output<typeof resultRecordSchema>;

/** What of its job is in each line. */
export interface RecordedJob {
  readonly jobName: string;
  /** `spec.policyVersion`; without it each line says what the model's endpoint reported, if it did. */
  readonly policyVersion?: string | undefined;
}

/** The line of an outcome; `attempt` is its folded log, null when the attempt left none. */
export function resultRecord(
  { jobName, policyVersion }: RecordedJob,
  outcome: Outcome,
  attempt: AttemptState | null,
): ResultRecord {
  return {
    job: jobName,
    ...placeFields(outcome),
    ...splitField(attempt),
    ...(outcome.outcome === "graded" ? gradedFields(outcome) : failedFields(outcome)),
    evidence: outcome.evidence,
    sub_rewards: finiteOnly(outcome.subRewards),
    flags: outcome.flags,
    ...agentFields(attempt),
    policy_version: policyVersion ?? reportedVersion(attempt),
    usage: usageOf(outcome),
    grader_usage: graderUsage(outcome.graderUsage),
    grader_errors: outcome.graderErrors,
    seconds: { ...agentSeconds(attempt), grade: rounded(outcome.gradeSeconds) },
  };
}

type PlaceFields = "rollout" | "trace_id" | "item_index" | "sample_index" | "attempt";
type EndFields = "outcome" | "failure_class" | "failure_code" | "failure_reason" | "reward" | "passed";

function placeFields({ ref }: Outcome): Pick<ResultRecord, PlaceFields> {
  if (ref === undefined)
    throw new RollyardError("log_corrupt", { details: { record: "outcome without an attempt" } });
  return {
    rollout: rolloutId(ref.jobUid, ref),
    trace_id: ref.traceId,
    item_index: ref.itemIndex,
    sample_index: ref.sampleIndex,
    attempt: ref.attempt,
  };
}

const LONGEST_SPLIT = 64;

function splitField(attempt: AttemptState | null): Pick<ResultRecord, "split"> {
  const split = attempt?.item["split"];
  return typeof split === "string" && split.length <= LONGEST_SPLIT ? { split } : {};
}

function gradedFields({ reward, passed }: Outcome): Pick<ResultRecord, EndFields> {
  const none = { failure_class: null, failure_code: null, failure_reason: null };
  return { outcome: "graded", ...none, reward: reward ?? null, passed };
}

function failedFields(outcome: Outcome): Pick<ResultRecord, EndFields> {
  return {
    outcome: "failed",
    failure_class: outcome.failureClass,
    failure_code: outcome.failureCode,
    failure_reason: outcome.failureReason,
    reward: null,
    passed: null,
  };
}

function usageOf({ usage }: Outcome): ResultRecord["usage"] {
  if (usage === undefined) return null;
  return { prompt_tokens: usage.promptTokens, completion_tokens: usage.completionTokens };
}

/** Tokens of judge models in the form of records. */
export function graderUsage(
  usage: Readonly<Record<string, { readonly promptTokens: number; readonly completionTokens: number }>>,
): ResultRecord["grader_usage"] {
  return Object.fromEntries(
    Object.entries(usage).map(([model, { promptTokens, completionTokens }]) => [
      model,
      { prompt_tokens: promptTokens, completion_tokens: completionTokens },
    ]),
  );
}

function agentFields(
  attempt: AttemptState | null,
): Pick<ResultRecord, "stop_reason" | "turns" | "tool_calls"> {
  if (attempt === null) return { stop_reason: null, turns: 0, tool_calls: 0 };
  const { seal, turns } = attempt;
  return {
    stop_reason: seal?.kind === "stopped" ? seal.reason : null,
    turns: turns.length,
    tool_calls: turns.reduce((sum, turn) => sum + turn.calls.length, 0),
  };
}

/** What the assignment said, else what the endpoint said last. */
function reportedVersion(attempt: AttemptState | null): string | null {
  if (attempt === null) return null;
  const { turns, policyVersion } = attempt;
  if (policyVersion !== "") return policyVersion;
  return turns.findLast((turn) => turn.policyVersion !== "")?.policyVersion ?? null;
}

function agentSeconds(attempt: AttemptState | null): Omit<ResultRecord["seconds"], "grade"> {
  if (attempt === null) return { queued: 0, sandbox: 0, model: 0, tool: 0 };
  const { turns, sandboxes } = attempt;
  const total = (values: readonly number[]): number =>
    rounded(values.reduce((sum, value) => sum + value, 0) / 1000);
  return {
    queued: rounded(Math.max(0, attempt.startedAtMs - attempt.dispatchedAtMs) / 1000),
    sandbox: total(sandboxes.map(({ waitedMs }) => waitedMs)),
    model: total(turns.map(({ modelMs }) => modelMs)),
    tool: total(turns.map(({ calls }) => unionMs(calls))),
  };
}

/** JSON has no other numbers. */
function finiteOnly(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)));
}

/** Seconds to the microsecond: more digits are noise of the arithmetic. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
