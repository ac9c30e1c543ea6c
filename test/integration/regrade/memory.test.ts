import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { once } from "node:events";
import path from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { regradeFolder } from "../../../services/cli/regrade/regrade-folder.ts";
import { compileGrader } from "../../../src/grader/compile-grader.ts";
import { depsWithoutWorld } from "../../../src/grader/no-world.ts";
import type { GradeInput, GradeResult } from "../../../src/grader/port.ts";
import { graderSchema } from "../../../src/grader/schema.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { runsToRead } from "../../../src/trajectory/run-family.ts";
import { aSample, trajectoryOf } from "../../support/trajectory/sample-run.ts";
import { scratchFolder } from "../../support/trajectory/scratch-folder.ts";
import { aRecordedCall } from "../../support/trajectory/records.ts";

/** Bytes of a tool's output in each trajectory. */
const OUTPUT_BYTES = 20_000;

/** Of several kinds, with a check that reads the tools' outputs. */
const GRADER = graderSchema.parse({
  type: "multi",
  name: "again",
  graders: {
    answer: {
      type: "string_check",
      name: "answer",
      operation: "ilike",
      input: "{{ sample.output_text }}",
      reference: "HERE",
    },
    near: {
      type: "text_similarity",
      name: "near",
      evaluation_metric: "fuzzy_match",
      input: "{{ sample.output_text }}",
      reference: "{{ item.wanted }}",
    },
    short: { type: "trajectory", name: "short", formula: "tool_calls / 2" },
  },
  calculate_output: "(answer + near + short) / 3",
  integrity: ["no_history_peek"],
});

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
    const item = { wanted: "here".slice(0, index % 5) };
    const trajectory = { ...trajectoryOf(result, [aRecordedCall()], output), item };
    const isRoom = file.write(`${JSON.stringify(trajectory)}\n`);
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
  const { signal } = new AbortController();
  const real = compileGrader(GRADER, { passThreshold: 1, tools: ["search"] });
  const deps = depsWithoutWorld(systemClock, signal);
  const grade = async (input: GradeInput): Promise<GradeResult> => {
    graded += 1;
    if (graded === rollouts - 1) growth = liveBytes() - before;
    const result = await real.grade(input, deps);
    expect(result.subRewards).toEqual({
      answer: 1,
      near: expect.any(Number) as number,
      short: 0.5,
    });
    return result;
  };
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
