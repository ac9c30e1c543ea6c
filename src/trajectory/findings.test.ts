import { describe, expect, it } from "vitest";
import { aRecordedCall } from "../../test/support/trajectory/records.ts";
import { aFailure, aSample, trajectoryOf } from "../../test/support/trajectory/sample-run.ts";
import { findings } from "./findings.ts";
import type { ResultRecord } from "./result-record.ts";
import { StatisticsBuilder } from "./run-statistics.ts";
import type { RunEndRecord } from "./run-end.ts";

const ENDED: RunEndRecord = {
  end: { condition: "Complete", reason: "AllGraded", message: "All are graded." },
  seconds_total: 4,
  rollouts_per_second: 1,
};

function findingsOf(
  results: readonly ResultRecord[],
  options: { readonly attempts?: readonly ResultRecord[]; readonly end?: RunEndRecord | null } = {},
): string {
  const builder = new StatisticsBuilder();
  for (const record of results) builder.addResult(record);
  for (const record of options.attempts ?? []) builder.addFailedAttempt(record);
  return findings(builder.build("job"), options.end === undefined ? ENDED : options.end).join("\n");
}

const group = (item: number, rewards: readonly number[]): ResultRecord[] =>
  rewards.map((reward, sample) => aSample({ item_index: item, sample_index: sample, reward }));

describe("findings", () => {
  it("say that groups without variance give no gradient, and how many are all wrong or all right", () => {
    const text = findingsOf([...group(0, [0, 0]), ...group(1, [1, 1]), ...group(2, [0, 1])]);
    expect(text).toContain(
      "2 of 3 groups have zero variance: no gradient (items 0, 1; 1 all at 0, 1 all at 1).",
    );
  });

  it("never speak of failed rollouts as zeros", () => {
    const text = findingsOf([aSample(), aFailure({ sample_index: 1 })]);
    expect(text).toContain("1 of 2 rollouts has a reward: mean 1; 1 passed (100 %).");
    expect(text).toContain("1 failed rollout left out, not counted as 0.");
    expect(text).toContain(
      "1 group lost members to failures (item 0); figures are over the 1 graded of 2 members.",
    );
  });

  it("name the most frequent failure and what it cost", () => {
    const text = findingsOf([aSample({ attempt: 2 })], {
      attempts: [aFailure(), aFailure({ attempt: 1, failure_class: "model", failure_code: "model_timeout" })],
    });
    expect(text).toContain("2 attempts failed, 1 by sandbox/sandbox_lost; 2 of them were tried again.");
    expect(text).toContain("67 % of all tokens went into attempts that failed.");
  });

  it("say that token figures are too low where usage is missing, and that there are none where none came", () => {
    const silent = aSample({ sample_index: 1, usage: null });
    expect(findingsOf([aSample(), silent])).toContain(
      "The endpoint reported no usage for 1 rollout: token figures are too low.",
    );
    expect(findingsOf([silent])).toContain("No usage was reported: there are no token figures.");
  });

  it("say of no failed attempt that it was tried again before it was", () => {
    const cancelled = { failure_class: "cancelled", failure_code: "job_interrupted" } as const;
    const text = findingsOf([aSample({ attempt: 1 }), aFailure({ item_index: 1, attempt: 1 })], {
      attempts: [
        aFailure(cancelled),
        aFailure({ item_index: 1, ...cancelled }),
        aFailure({ item_index: 1, attempt: 1 }),
        aFailure({ item_index: 2, ...cancelled }),
        aFailure({ item_index: 2, attempt: 1, ...cancelled }),
      ],
      end: null,
    });
    expect(text).toContain(
      "5 attempts failed, 4 by cancelled/job_interrupted; 3 of them were tried again, 1 not yet.",
    );
  });

  it("say of which groups figures are, and which have no member left", () => {
    const text = findingsOf([
      ...group(0, [0, 1]),
      aFailure({ item_index: 1 }),
      aFailure({ item_index: 1, sample_index: 1 }),
    ]);
    expect(text).toContain("The one group with two or more graded members has variance.");
    expect(text).toContain(
      "1 group lost members to failures (item 1), 1 of them every member; figures are over the 2 graded of 4 members.",
    );
  });

  it("speak of one group, or one rollout, as of one", () => {
    expect(findingsOf(group(3, [1, 1]))).toContain(
      "The one group has zero variance: no gradient (item 3; 1 all at 1).",
    );
    expect(findingsOf([aSample()])).toContain("The one rollout has a reward: mean 1;");
  });

  it("set rollouts that hit a limit against those that answered", () => {
    const text = findingsOf([
      ...group(0, [1, 0.5]),
      aSample({ sample_index: 2, reward: 0, stop_reason: "max_turns" }),
    ]);
    expect(text).toContain(
      "1 rollout (33 %) stopped by max_turns; its reward is 0, against 0.750 of those that answered.",
    );
  });

  it("tell a run that goes on from one that failed", () => {
    expect(findingsOf([aSample()], { end: null })).toContain("The run has not ended");
    const end = {
      ...ENDED,
      end: { condition: "Failed", reason: "ConfigError", message: "Fix the key." },
    } as const;
    expect(findingsOf([], { end })).toContain("Failed (ConfigError) after 4 s, 1 rollouts/s: Fix the key.");
  });

  it("say how many scores a hosted trainer never got", () => {
    const told = (undelivered_scores?: number): string =>
      findingsOf([aSample()], {
        end: { ...ENDED, ...(undelivered_scores === undefined ? {} : { undelivered_scores }) },
      });
    expect(told(2)).toContain("The scores of 2 rollouts never reached the trainer:");
    expect(told(1)).toContain("The score of 1 rollout never reached the trainer:");
    expect(told(0)).toBe(told());
  });

  it("say when no tool calls ran in parallel, and how long the tail is", () => {
    const builder = new StatisticsBuilder();
    for (const [sample_index, tool_calls] of [2, 2, 2, 9].entries()) {
      builder.addResult(aSample({ sample_index, tool_calls }));
      builder.addTrajectory(
        trajectoryOf(aSample(), [aRecordedCall(), aRecordedCall({ turn: 1, result: "failed" })]),
      );
    }
    const text = findings(builder.build("job"), ENDED).join("\n");
    expect(text).toContain("No turn asked for more than one tool call");
    expect(text).toContain("half of the rollouts make at most 2, one in twenty 9 or more, the longest 9.");
    expect(text).toContain("4 of 8 calls of search ended badly.");
  });

  it("have nothing unusual to say of a run without trouble", () => {
    const text = findingsOf(group(0, [0.4, 0.5]));
    expect(text.split("\n")).toHaveLength(4);
    expect(text).not.toMatch(/fail|zero|flag|stopped/u);
  });
});
