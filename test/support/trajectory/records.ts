import type { ResultRecord } from "../../../src/trajectory/result-record.ts";
import type { TrajectoryRecord } from "../../../src/trajectory/trajectory-record.ts";

/** A graded result. */
export function aResult(changes: Partial<ResultRecord> = {}): ResultRecord {
  const { item_index = 3, sample_index = 1 } = changes;
  return {
    job: "repo-search",
    rollout: `0123456789ab-${item_index}-${sample_index}`,
    trace_id: `trace_${item_index}_${sample_index}`,
    item_index,
    sample_index,
    attempt: 0,
    outcome: "graded",
    failure_class: null,
    failure_code: null,
    failure_reason: null,
    evidence: {},
    reward: 1,
    passed: true,
    sub_rewards: {},
    flags: [],
    stop_reason: "answered",
    turns: 2,
    tool_calls: 1,
    policy_version: null,
    usage: { prompt_tokens: 100, completion_tokens: 10 },
    grader_usage: {},
    grader_errors: {},
    seconds: { queued: 0.1, sandbox: 0.2, model: 1, tool: 0.5, grade: 0.01 },
    ...changes,
  };
}

/** The trajectory of {@link aResult}: no turns but those that are given. */
export function aTrajectory(changes: Partial<TrajectoryRecord> = {}): TrajectoryRecord {
  return {
    rollout: "0123456789ab-3-1",
    attempt: 0,
    item: { answer: "a.txt" },
    messages: [],
    tools: [],
    reward: 1,
    turns: [],
    calls: [],
    ...changes,
  };
}

/** A sampled turn. */
export function aRecordedTurn(
  changes: Partial<TrajectoryRecord["turns"][number]> = {},
): TrajectoryRecord["turns"][number] {
  return {
    started_at: "2026-01-01T00:00:00.000Z",
    model_seconds: 0.5,
    finish_reason: "tool_calls",
    usage: { prompt_tokens: 50, completion_tokens: 5 },
    ...changes,
  };
}

/** A tool call that ended well. */
export function aRecordedCall(
  changes: Partial<TrajectoryRecord["calls"][number]> = {},
): TrajectoryRecord["calls"][number] {
  return {
    call_id: "call_0",
    name: "search",
    turn: 0,
    started_at: "2026-01-01T00:00:01.000Z",
    seconds: 0.25,
    exit_code: 0,
    result: "ok",
    timed_out: false,
    ...changes,
  };
}
