import { z } from "zod";
import type { FunctionTool } from "../model/port.ts";
import { historyOf } from "../rollout/sampled-turn.ts";
import type { AttemptState, CallState, TurnState } from "../rollout/state.ts";

const turnSchema = z.object({
  started_at: z.string(),
  model_seconds: z.number(),
  finish_reason: z.string(),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }).nullable(),
  prompt_token_ids: z.array(z.number()).optional(),
  token_ids: z.array(z.number()).optional(),
  /** Null where the endpoint sent no finite number. */
  logprobs: z.array(z.number().nullable()).optional(),
});

const callSchema = z.object({
  call_id: z.string(),
  name: z.string(),
  turn: z.number(),
  started_at: z.string().nullable(),
  seconds: z.number().nullable(),
  exit_code: z.number().nullable(),
  /** ok, failed, rejected, or lost: no answer is on record. */
  result: z.enum(["ok", "failed", "rejected", "lost"]),
  timed_out: z.boolean(),
});

/** A line of trajectories.jsonl: what happened in the attempt that ended the rollout. */
export const trajectoryRecordSchema = z.object({
  rollout: z.string(),
  attempt: z.number(),
  item: z.record(z.string(), z.unknown()),
  messages: z.array(z.looseObject({ role: z.string() })),
  tools: z.array(z.looseObject({ name: z.string() })),
  reward: z.number().nullable(),
  turns: z.array(turnSchema),
  calls: z.array(callSchema),
});

/** See {@link trajectoryRecordSchema}. */
export type TrajectoryRecord = z.output<typeof trajectoryRecordSchema>;

/** The line of an attempt's folded log. */
export function trajectoryRecord(
  attempt: AttemptState,
  reward: number | null,
  tools: readonly FunctionTool[],
): TrajectoryRecord {
  return {
    rollout: attempt.rolloutId,
    attempt: attempt.attempt,
    item: { ...attempt.item },
    messages: historyOf(attempt).map(({ message }) => ({ ...message })),
    tools: tools.map((tool) => ({ ...tool })),
    reward,
    turns: attempt.turns.map(turnRecord),
    calls: attempt.turns.flatMap(({ calls }) => calls.map(callRecord)),
  };
}

function turnRecord(turn: TurnState): TrajectoryRecord["turns"][number] {
  const { usage, promptTokenIds, tokenIds, logprobs } = turn;
  return {
    started_at: isoTime(turn.startedAtMs),
    model_seconds: turn.modelMs / 1000,
    finish_reason: turn.finishReason,
    usage:
      usage === null
        ? null
        : { prompt_tokens: usage.promptTokens, completion_tokens: usage.completionTokens },
    ...(promptTokenIds.length === 0 ? {} : { prompt_token_ids: [...promptTokenIds] }),
    ...(tokenIds.length === 0 ? {} : { token_ids: [...tokenIds] }),
    ...(logprobs.length === 0 ? {} : { logprobs: [...logprobs] }),
  };
}

function callRecord(call: CallState): TrajectoryRecord["calls"][number] {
  const { returned } = call;
  const base = { call_id: call.callId, name: call.name, turn: call.turn };
  if (returned === null) {
    return { ...base, started_at: null, seconds: null, exit_code: null, result: "lost", timed_out: false };
  }
  return {
    ...base,
    started_at: isoTime(returned.startedAtMs),
    seconds: returned.durationMs / 1000,
    exit_code: returned.exitCode,
    result: returned.result,
    timed_out: returned.timedOut,
  };
}

function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}
