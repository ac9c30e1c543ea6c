import { describe, expect, it } from "vitest";
import { aRecordedCall } from "../../test/support/trajectory/records.ts";
import { aFailure, aSample, trajectoryOf } from "../../test/support/trajectory/sample-run.ts";
import type { ResultRecord } from "./result-record.ts";
import { StatisticsBuilder } from "./run-statistics.ts";
import type { RunStatistics } from "./run-statistics.ts";

function statisticsOf(
  results: readonly ResultRecord[],
  attempts: readonly ResultRecord[] = [],
): RunStatistics {
  const builder = new StatisticsBuilder();
  for (const record of results) builder.addResult(record);
  for (const record of attempts) builder.addFailedAttempt(record);
  return builder.build("folder");
}

describe("run statistics", () => {
  it("count null as no reward, never as zero", () => {
    const { rollouts, reward } = statisticsOf([aSample({ reward: 1 }), aFailure({ sample_index: 1 })]);
    expect(rollouts).toEqual({ total: 2, graded: 1, failed: 1, passed: 1 });
    expect(reward).toMatchObject({ n: 1, mean: 1, min: 1 });
  });

  it("count the tokens of every attempt once, and tell those that were wasted", () => {
    const final = aFailure({ sample_index: 1 });
    const retried = aFailure({ usage: { prompt_tokens: 7, completion_tokens: 0 } });
    const { tokens, failed_attempts } = statisticsOf([aSample({ attempt: 1 }), final], [retried, final]);
    expect(tokens).toEqual({ prompt: 207, completion: 20, wasted: 117, unreported: 0 });
    expect(failed_attempts).toBe(2);
  });

  it("count graded rollouts without reported usage", () => {
    const { tokens } = statisticsOf([
      aSample({ usage: null }),
      aSample({ sample_index: 1, usage: null, turns: 0 }),
    ]);
    expect(tokens.unreported).toBe(1);
  });

  it("sort failures by class and code, with examples that differ", () => {
    const lost = [0, 1, 2].map((sample_index) => aFailure({ sample_index }));
    const other = aFailure({ sample_index: 3, evidence: { reason: "NodeLost" } });
    const model = aFailure({ sample_index: 4, failure_class: "model", failure_code: "model_timeout" });
    const { failures } = statisticsOf([model], [...lost, other, model]);
    expect(failures).toMatchObject([
      { failure_class: "sandbox", failure_code: "sandbox_lost", attempts: 4, rollouts: 0, tokens: 440 },
      { failure_class: "model", failure_code: "model_timeout", attempts: 1, rollouts: 1 },
    ]);
    expect(failures[0]?.examples.map(({ sample_index }) => sample_index)).toEqual([0, 3]);
  });

  it("give each stop reason its mean reward", () => {
    const { stop_reasons } = statisticsOf([
      aSample({ reward: 1 }),
      aSample({ sample_index: 1, reward: 0.5 }),
      aSample({ sample_index: 2, reward: 0, stop_reason: "max_turns" }),
    ]);
    expect(stop_reasons).toEqual([
      { reason: "answered", rollouts: 2, graded: 2, mean_reward: 0.75 },
      { reason: "max_turns", rollouts: 1, graded: 1, mean_reward: 0 },
    ]);
  });

  it("count calls by tool, over all rollouts, and how many a turn asks for", () => {
    const builder = new StatisticsBuilder();
    const calls = [
      aRecordedCall({ seconds: 1 }),
      aRecordedCall({ seconds: 3, result: "failed", timed_out: true }),
      aRecordedCall({ turn: 1, name: "read", result: "rejected", seconds: 0 }),
    ];
    builder.addTrajectory(trajectoryOf(aSample(), calls));
    builder.addTrajectory(trajectoryOf(aSample({ sample_index: 1 }), []));
    const { tools, calls_per_turn } = builder.build("folder");
    expect(tools).toMatchObject([
      { name: "search", calls: 2, failed: 1, rejected: 0, timed_out: 1 },
      { name: "read", calls: 1, failed: 0, rejected: 1 },
    ]);
    expect(tools[0]?.seconds).toMatchObject({ n: 2, mean: 2, max: 3 });
    expect(tools[0]?.per_rollout).toMatchObject({ n: 2, mean: 1, max: 2 });
    expect(tools[1]?.seconds.n).toBe(0);
    expect(calls_per_turn).toMatchObject({ n: 2, mean: 1.5, max: 2 });
  });

  it("keep a bounded number of tool names, however many the model invents", () => {
    const builder = new StatisticsBuilder();
    for (let index = 0; index < 1000; index += 1) {
      builder.addTrajectory(trajectoryOf(aSample(), [aRecordedCall({ name: `invented_${index}` })]));
    }
    const { tools } = builder.build("folder");
    expect(tools.length).toBeLessThan(300);
    expect(tools.reduce((sum, { calls }) => sum + calls, 0)).toBe(1000);
  });

  it("describe the parts of the reward", () => {
    const { sub_rewards } = statisticsOf([
      aSample({ sub_rewards: { f1: 0.5 } }),
      aSample({ sample_index: 1, sub_rewards: { f1: 1 } }),
    ]);
    expect(sub_rewards).toMatchObject({ f1: { n: 2, mean: 0.75 } });
  });

  it("stand for a run without any result", () => {
    expect(statisticsOf([])).toMatchObject({
      job: "folder",
      rollouts: { total: 0 },
      samples: [],
      telling: [],
    });
  });
});
