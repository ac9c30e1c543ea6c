import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { ResultRecord } from "../../../src/trajectory/result-record.ts";
import type { TrajectoryRecord } from "../../../src/trajectory/trajectory-record.ts";
import { aRecordedCall, aRecordedTurn, aResult } from "./records.ts";

/** A graded rollout's line of the sample job; `item_index` and `sample_index` decide its id. */
export function aSample(changes: Partial<ResultRecord> = {}): ResultRecord {
  const passed = (changes.reward ?? 1) >= 1;
  return aResult({ job: "sample", item_index: 0, sample_index: 0, passed, ...changes });
}

/** A failed attempt's line. */
export function aFailure(changes: Partial<ResultRecord> = {}): ResultRecord {
  return aSample({
    outcome: "failed",
    failure_class: "sandbox",
    failure_code: "sandbox_lost",
    failure_reason: "The sandbox was lost.",
    evidence: { reason: "Evicted" },
    reward: null,
    passed: null,
    stop_reason: null,
    ...changes,
  });
}

/** The trajectory of a result: one turn for each of the calls, then the answer. */
export function trajectoryOf(
  result: ResultRecord,
  calls: readonly TrajectoryRecord["calls"][number][] = [aRecordedCall()],
  output = "found",
): TrajectoryRecord {
  const asked = calls.map(({ call_id, name }) => ({
    id: call_id,
    type: "function",
    function: { name, arguments: "{}" },
  }));
  const answers = calls.map(({ call_id }) => ({ role: "tool", tool_call_id: call_id, content: output }));
  return {
    rollout: result.rollout,
    attempt: result.attempt,
    item: { question: "where?" },
    messages: [
      { role: "user", content: "where?" },
      { role: "assistant", content: null, tool_calls: asked },
      ...answers,
      { role: "assistant", content: "here" },
    ],
    tools: [{ name: "search" }],
    reward: result.reward,
    turns: [aRecordedTurn(), aRecordedTurn({ finish_reason: "stop" })],
    calls: [...calls],
  };
}

/** Records to put into a run folder. */
export interface RunRecords {
  readonly results: readonly ResultRecord[];
  readonly attempts?: readonly ResultRecord[];
  readonly trajectories?: readonly TrajectoryRecord[];
  /** How it ended; absent: it has not. */
  readonly end?: {
    readonly condition: "Complete" | "Failed";
    readonly reason: string;
    readonly message: string;
  };
}

/** Writes a run folder `<outer>/<job>`; its path. */
export async function writeRun(outer: string, run: RunRecords, job = "sample"): Promise<string> {
  const folder = path.join(outer, job);
  await mkdir(folder, { recursive: true });
  const lines = (records: readonly unknown[] = []): string =>
    records.map((record) => `${JSON.stringify(record)}\n`).join("");
  await writeFile(path.join(folder, "results.jsonl"), lines(run.results));
  await writeFile(path.join(folder, "attempts.jsonl"), lines(run.attempts));
  await writeFile(path.join(folder, "trajectories.jsonl"), lines(run.trajectories));
  if (run.end !== undefined) {
    const summary = { end: run.end, seconds_total: 20, rollouts_per_second: run.results.length / 20 };
    await writeFile(path.join(folder, "summary.json"), JSON.stringify(summary));
  }
  return folder;
}

/**
 * A run with something of everything: flat, partial and split groups, failures that were tried again and ones that were
 * not, turn limits, a long tail of calls, a tool that the model invented. The same for the same sizes.
 */
export function sampleRun(items: number, samples: number): RunRecords {
  const results: ResultRecord[] = [];
  const attempts: ResultRecord[] = [];
  const trajectories: TrajectoryRecord[] = [];
  for (let index = 0; index < items * samples; index += 1) {
    const place = { item_index: Math.floor(index / samples), sample_index: index % samples };
    const result = sampleResult(place, index);
    if (index % 17 === 3) attempts.push(aFailure(place));
    if (result.outcome === "failed") attempts.push(result);
    results.push(result);
    trajectories.push(trajectoryOf(result, sampleCalls(result, index)));
  }
  const end = {
    condition: "Complete",
    reason: "SomeUngraded",
    message: "Some rollouts have no reward.",
  } as const;
  return { results, attempts, trajectories, end };
}

type Place = Pick<ResultRecord, "item_index" | "sample_index">;

function sampleResult(place: Place, index: number): ResultRecord {
  const { item_index: item, sample_index: sample } = place;
  const attempt = index % 17 === 3 ? 1 : 0;
  if (index % 29 === 7) {
    const reason = {
      failure_class: "model",
      failure_code: "model_timeout",
      failure_reason: "The model call took too long.",
    };
    return aFailure({ ...place, attempt, ...reason, evidence: { seconds: "600" } });
  }
  const mixed = ((item * 7 + sample * 13) % 10) / 9;
  const reward = item % 6 === 0 ? 0 : item % 6 === 1 ? 1 : mixed;
  const toolCalls = 1 + (index % 5) + (index % 37 === 0 ? 30 : 0);
  const isLong = toolCalls > 20;
  return aSample({
    ...place,
    attempt,
    reward: isLong ? 0 : reward,
    sub_rewards: { precision: reward, recall: Math.sqrt(reward) },
    stop_reason: isLong ? "max_turns" : "answered",
    flags: index % 41 === 5 ? ["sample_parse_error"] : [],
    turns: 2,
    tool_calls: toolCalls,
    seconds: {
      queued: (index % 10) / 20,
      sandbox: index % 13 === 0 ? 4 : 0.2,
      model: 1 + (index % 7) / 3,
      tool: 0.05 * toolCalls,
      grade: 0.02,
    },
  });
}

function sampleCalls(result: ResultRecord, index: number): TrajectoryRecord["calls"] {
  return Array.from({ length: result.tool_calls }, (_, call) =>
    aRecordedCall({
      call_id: `call_${call}`,
      turn: call % 4 === 3 ? 1 : 0,
      name: index % 19 === 2 ? "grep_search" : call % 3 === 0 ? "read" : "search",
      result: index % 19 === 2 ? "rejected" : call % 7 === 6 ? "failed" : "ok",
      seconds: index % 19 === 2 ? 0 : 0.01 * (1 + ((index * 31 + call * 17) % 50)),
      timed_out: call === 33,
    }),
  );
}
