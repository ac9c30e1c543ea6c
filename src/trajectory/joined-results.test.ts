import { describe, expect, it } from "vitest";
import { aFailure, aSample, writeRun } from "../../test/support/trajectory/sample-run.ts";
import { scratchFolder } from "../../test/support/trajectory/scratch-folder.ts";
import { readJoinedResults } from "./joined-results.ts";
import type { ResultRecord } from "./result-record.ts";
import { findRunFamily } from "./run-family.ts";

const FAILED = "failed";
type End = number | typeof FAILED;

function record(sample_index: number, end: End, job: string): ResultRecord {
  const place = { sample_index, job };
  return end === FAILED ? aFailure(place) : aSample({ ...place, reward: end });
}

/** How each rollout stands: the job by which, and its end; each job's ends are by sample, undefined for none. */
async function standing(...jobs: readonly (readonly (End | undefined)[])[]): Promise<readonly string[]> {
  const outer = await scratchFolder();
  for (const [number, ends] of jobs.entries()) {
    const job = number === 0 ? "sample" : `sample-retry-${number}`;
    const results = ends.flatMap((end, sample) => (end === undefined ? [] : [record(sample, end, job)]));
    await writeRun(outer, { results }, job);
  }
  const found: string[] = [];
  for await (const { record: each, member, isCurrent } of readJoinedResults(await findRunFamily(outer))) {
    if (isCurrent) found.push(`${each.sample_index}: ${each.reward ?? FAILED} by ${member.number}`);
  }
  return found.toSorted();
}

describe("the joined view of a job and its retries", () => {
  it("is the job's own without retries", async () => {
    expect(await standing([1, FAILED])).toEqual(["0: 1 by 0", `1: ${FAILED} by 0`]);
  });

  it("takes a retry's reward for a failure, and never one over a reward", async () => {
    expect(await standing([0, FAILED], [1, 0.5])).toEqual(["0: 0 by 0", "1: 0.5 by 1"]);
  });

  it("takes the newest of several rewards, and no later failure over one", async () => {
    expect(await standing([FAILED, FAILED], [0.1, 0.1], [0.2, FAILED])).toEqual([
      "0: 0.2 by 2",
      "1: 0.1 by 1",
    ]);
  });

  it("shows the newest failure of what no retry mended", async () => {
    expect(await standing([FAILED], [FAILED], [FAILED])).toEqual([`0: ${FAILED} by 2`]);
  });

  it("counts each rollout once, whatever ran again", async () => {
    expect(await standing([FAILED, FAILED, 1], [FAILED, undefined, undefined], [0, 1])).toEqual([
      "0: 0 by 2",
      "1: 1 by 2",
      "2: 1 by 0",
    ]);
  });
});

describe("finding a job and its retries", () => {
  it("puts retries in the order of their numbers, and takes any of them for the whole", async () => {
    const outer = await scratchFolder();
    for (const job of ["sample-retry-10", "sample", "sample-retry-2"])
      await writeRun(outer, { results: [] }, job);
    const named = await findRunFamily(`${outer}/sample-retry-10`);
    expect(named.base.job).toBe("sample");
    expect(named.retries.map(({ number }) => number)).toEqual([2, 10]);
  });

  it("takes a job for itself whose name only looks like a retry's", async () => {
    const outer = await scratchFolder();
    await writeRun(outer, { results: [] }, "lonely-retry-1");
    expect(await findRunFamily(outer)).toMatchObject({ base: { job: "lonely-retry-1" }, retries: [] });
  });

  it("asks which, where a folder holds jobs that are no retries of one", async () => {
    const outer = await scratchFolder();
    for (const job of ["one", "two", "two-retry-1"]) await writeRun(outer, { results: [] }, job);
    await expect(findRunFamily(outer)).rejects.toThrow("holds several jobs: one, two; name one of them");
    await expect(findRunFamily(`${outer}/none`)).rejects.toThrow("There is no folder");
    expect(await findRunFamily(`${outer}/two`)).toMatchObject({
      base: { job: "two" },
      retries: [{ number: 1 }],
    });
  });
});
