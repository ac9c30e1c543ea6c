import { describe, expect, it } from "vitest";
import { RollyardError } from "../errors/rollyard-error.ts";
import { NO_GRADER_ERRORS } from "../grader/error-flags.ts";
import type { GradeInput, GradeResult } from "../grader/port.ts";
import { aFailure, aSample, trajectoryOf } from "../../test/support/trajectory/sample-run.ts";
import type { ResultRecord } from "../trajectory/result-record.ts";
import { regrade } from "./regrade.ts";
import type { RegradeSetup, RegradeTask } from "./regrade.ts";
import type { RegradeRecord } from "./regrade-record.ts";

function graded(reward: number): GradeResult {
  return {
    reward,
    passed: reward >= 1,
    subRewards: { half: reward },
    flags: ["odd"],
    integrity: [],
    evidence: {},
    errors: NO_GRADER_ERRORS,
    executionSeconds: 0.5,
    usage: {},
  };
}

function setup(
  grade: (input: GradeInput) => Promise<GradeResult>,
  changes: Partial<RegradeSetup> = {},
): RegradeSetup {
  const { signal } = new AbortController();
  const plain = { series: "second", hasResponseFormat: false, needsAgentFiles: false, width: 4, signal };
  return { ...plain, grade, ...changes };
}

async function* tasks(results: readonly ResultRecord[]): AsyncGenerator<RegradeTask> {
  for (const result of results) yield { result, trajectory: async () => trajectoryOf(result) };
}

async function linesOf(results: readonly ResultRecord[], given: RegradeSetup): Promise<RegradeRecord[]> {
  const lines: RegradeRecord[] = [];
  for await (const { record } of regrade(tasks(results), given)) lines.push(record);
  return lines;
}

const many = (count: number): readonly ResultRecord[] =>
  Array.from({ length: count }, (_, item_index) => aSample({ item_index, reward: 0.25 }));

describe("regrade", () => {
  it("gives each rollout the new reward and leaves all else of its line", async () => {
    const [before] = many(1);
    const [line] = await linesOf(
      many(1),
      setup(async () => graded(0.5)),
    );
    expect(line).toEqual({
      ...before,
      series: "second",
      reward: 0.5,
      passed: false,
      sub_rewards: { half: 0.5 },
      flags: ["odd"],
      seconds: { ...before?.seconds, grade: 0.5 },
    });
  });

  it("keeps the order of what comes, and never has more under way than it may", async () => {
    let [now, most] = [0, 0];
    const grade = async ({ attempt }: GradeInput): Promise<GradeResult> => {
      now += 1;
      most = Math.max(most, now);
      // Later ones end earlier.
      for (let turns = 20 - Number(attempt.rolloutId.split("-")[1]); turns > 0; turns -= 1)
        await Promise.resolve();
      now -= 1;
      return graded(1);
    };
    const lines = await linesOf(many(20), setup(grade));
    expect(lines.map(({ item_index }) => item_index)).toEqual(many(20).map(({ item_index }) => item_index));
    expect(most).toBe(4);
  });

  it("never takes over an old reward where the grader fails", async () => {
    const failing = setup(async () => Promise.reject(new RollyardError("grader_bad_answer")));
    const [line] = await linesOf(many(1), failing);
    expect(line).toMatchObject({ outcome: "failed", reward: null, passed: null, sub_rewards: {}, flags: [] });
    expect(line).toMatchObject({ failure_class: "grader", failure_code: "grader_bad_answer" });
  });

  it("asks no grader about a rollout whose agent failed", async () => {
    const none = setup(async () => Promise.reject(new Error("it must not be asked")));
    const [line] = await linesOf([aFailure()], none);
    expect(line).toMatchObject({ outcome: "failed", failure_code: "sandbox_lost", series: "second" });
  });

  it("asks no grader that looks at files which are gone", async () => {
    const none = setup(async () => Promise.reject(new Error("it must not be asked")), {
      needsAgentFiles: true,
    });
    const [line] = await linesOf(many(1), none);
    expect(line).toMatchObject({ outcome: "failed", reward: null, failure_code: "sandbox_files_gone" });
  });

  it("gives up a grader that can't be used at all, after ten", async () => {
    let asked = 0;
    const broken = setup(async () => {
      asked += 1;
      throw new RollyardError("grader_import_missing");
    });
    await expect(linesOf(many(40), broken)).rejects.toMatchObject({ code: "grader_import_missing" });
    expect(asked).toBeLessThan(20);
  });

  it("goes on where only some rows lack what the grader names", async () => {
    const some = setup(async ({ attempt }) => {
      if (attempt.rolloutId.endsWith("-0-0")) return graded(1);
      throw new RollyardError("template_error");
    });
    expect(await linesOf(many(40), some)).toHaveLength(40);
  });

  it("ends with what was done when it is told to stop", async () => {
    const stop = new AbortController();
    const grade = async ({ attempt }: GradeInput): Promise<GradeResult> => {
      if (attempt.rolloutId.endsWith("-6-0")) stop.abort();
      stop.signal.throwIfAborted();
      return graded(1);
    };
    const lines = await linesOf(many(20), setup(grade, { signal: stop.signal }));
    expect(lines).toHaveLength(6);
    expect(lines.every(({ reward }) => reward === 1)).toBe(true);
  });
});
