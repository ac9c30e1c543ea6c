import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { once } from "node:events";
import path from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { regradeFolder } from "../../../services/cli/regrade/regrade-folder.ts";
import { NO_GRADER_ERRORS } from "../../../src/grader/error-flags.ts";
import type { GradeInput, GradeResult } from "../../../src/grader/port.ts";
import { runsToRead } from "../../../src/trajectory/run-family.ts";
import { aSample, trajectoryOf } from "../../support/trajectory/sample-run.ts";
import { scratchFolder } from "../../support/trajectory/scratch-folder.ts";
import { aRecordedCall } from "../../support/trajectory/records.ts";

/** Bytes of a tool's output in each trajectory. */
const OUTPUT_BYTES = 20_000;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function liveBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** A run folder of so many rollouts, each with a text of its own. */
async function bigRun(rollouts: number): Promise<string> {
  const folder = path.join(await scratchFolder(), "sample");
  await mkdir(folder);
  const results = Array.from({ length: rollouts }, (_, item_index) =>
    aSample({ item_index, reward: (item_index % 7) / 7 }),
  );
  await writeFile(
    path.join(folder, "results.jsonl"),
    results.map((each) => `${JSON.stringify(each)}\n`).join(""),
  );
  const file = createWriteStream(path.join(folder, "trajectories.jsonl"));
  for (const [index, result] of results.entries()) {
    const output = `${index} `.padEnd(OUTPUT_BYTES, "word ");
    const isRoom = file.write(`${JSON.stringify(trajectoryOf(result, [aRecordedCall()], output))}\n`);
    if (!isRoom) await once(file, "drain");
  }
  file.end();
  await once(file, "close");
  return folder;
}

/** Bytes that live once nearly all of so many rollouts are graded, over those that lived before. */
async function growthOf(rollouts: number): Promise<number> {
  const folder = await bigRun(rollouts);
  const before = liveBytes();
  let graded = 0;
  let growth = Number.NaN;
  const grade = async ({ sample, trajectory }: GradeInput): Promise<GradeResult> => {
    graded += 1;
    if (graded === rollouts - 1) growth = liveBytes() - before;
    expect([sample.output_text, trajectory.calls.length]).toEqual(["here", 1]);
    const reward = (graded % 5) / 5;
    return {
      reward,
      passed: false,
      subRewards: {},
      flags: [],
      integrity: [],
      evidence: {},
      errors: NO_GRADER_ERRORS,
      executionSeconds: 0,
      usage: {},
    };
  };
  const { signal } = new AbortController();
  const setup = { series: "big", hasResponseFormat: false, needsAgentFiles: false, width: 16, grade, signal };
  const grader = { name: "big", type: "string_check", sha256: "0" };
  const family = await runsToRead(folder);
  const done = await regradeFolder({ family, grader, only: [], setup, onProgress: () => undefined });
  expect(done.change).toMatchObject({ rollouts, pairs: rollouts });
  expect(done.change.kendall).not.toBeNull();
  return growth;
}

it("grades 5,000 stored rollouts again in the memory of 1,000 and a few facts of each", async () => {
  await growthOf(100);
  const [few, many] = [await growthOf(1000), await growthOf(5000)];
  // 4,000 trajectories more are 80 MB of text alone; a heap's own noise is a few.
  expect(many - few).toBeLessThan((4000 * OUTPUT_BYTES) / 4);
});
