import { readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { aFailure, aSample } from "../../../test/support/trajectory/sample-run.ts";
import { linesOf, scratchFolder } from "../../../test/support/trajectory/scratch-folder.ts";
import { finishRun } from "./finish-run.ts";
import type { FinishedRun } from "./finish-run.ts";
import type { RunFolder } from "./run-folder.ts";

const END = { condition: "Complete", reason: "SomeUngraded", message: "1 rollout has no reward." } as const;

const RESULTS = [
  aSample({ item_index: 1, sample_index: 0, reward: 0.5 }),
  aSample({ item_index: 0, sample_index: 1, reward: 0 }),
  aSample({ item_index: 0, sample_index: 0, reward: 1 }),
  aFailure({ item_index: 1, sample_index: 1, evidence: { exit_code: "137" } }),
];

async function finished(folder: string, results = RESULTS): Promise<FinishedRun> {
  const lines = (records: readonly unknown[]): string =>
    records.map((one) => `${JSON.stringify(one)}\n`).join("");
  await writeFile(path.join(folder, "results.jsonl"), lines(results));
  await writeFile(
    path.join(folder, "attempts.jsonl"),
    lines(results.filter(({ reward }) => reward === null)),
  );
  const runFolder: RunFolder = {
    path: folder,
    outer: path.dirname(folder),
    privatePath: path.join(folder, ".rollyard"),
    joinPath: path.join(folder, "join.json"),
    storePath: path.join(folder, "store"),
    logsPath: path.join(folder, "logs"),
    state: {
      version: 1,
      job: { name: "sample", namespace: null, retryOf: null },
      origin: { files: [], jobFolder: "/", environmentFolder: "/", configMapFile: null },
      options: [],
      jobUid: "",
      environmentUid: "",
      traceSeed: "",
      specHash: "",
      snapshot: null,
      startedAtMs: 0,
      earlierSeconds: 0,
      stopped: null,
      end: null,
    },
    isResumed: false,
    save: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return finishRun({ folder: runFolder, end: END, conditions: [], seconds: 8, command: "rollyard" });
}

describe("the end of a run", () => {
  it("leaves a line for each group, over the members that have a reward", async () => {
    const folder = await scratchFolder();
    await finished(folder);
    expect(await linesOf(folder, "groups.jsonl")).toEqual([
      { item_index: 0, n: 2, graded: 2, mean: 0.5, stddev: 0.5, best: 1 },
      { item_index: 1, n: 2, graded: 1, mean: 0.5, stddev: 0, best: 0.5 },
    ]);
  });

  it("leaves the totals that it hands back, with how the run ended and how fast it was", async () => {
    const folder = await scratchFolder();
    const { json } = await finished(folder);
    expect(JSON.parse(await readFile(path.join(folder, "summary.json"), "utf8"))).toEqual(json);
    expect(json).toMatchObject({
      end: END,
      seconds_total: 8,
      rollouts_per_second: 0.5,
      rollouts: { total: 4, graded: 3, failed: 1, passed: 1 },
      reward: { n: 3, mean: 0.5 },
      failed_attempts: 1,
      groups: 2,
    });
  });

  it("leaves both reports and no half-written file", async () => {
    const folder = await scratchFolder();
    await finished(folder);
    const names = await readdir(folder);
    expect(names).toEqual(expect.arrayContaining(["report.html", "report.md"]));
    expect(names.filter((name) => name.endsWith(".new"))).toEqual([]);
  });

  it("tells rewards, failures with evidence, and where the rest is, but not all of it", async () => {
    const folder = await scratchFolder();
    const { text } = await finished(folder);
    for (const part of [
      "3 of 4 rollouts have a reward",
      "sandbox_lost",
      "137",
      path.join(folder, "report.html"),
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain("SECONDS BY PHASE");
    expect(await readFile(path.join(folder, "report.md"), "utf8")).toContain("Seconds by phase");
  });

  it("ends also when no rollout has an outcome", async () => {
    const folder = await scratchFolder();
    const { json } = await finished(folder, []);
    expect(json).toMatchObject({ rollouts: { total: 0 }, reward: { n: 0, mean: null }, groups: 0 });
    expect(await readFile(path.join(folder, "report.html"), "utf8")).not.toContain("NaN");
  });
});
