import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { scoringEndpoint } from "../../support/regrade/scoring-endpoint.ts";
import { startCli } from "../../support/run/run-cli.ts";
import type { RunningCli } from "../../support/run/run-cli.ts";
import { byItem, refusal, runWorld, shellThen } from "../../support/run/run-world.ts";
import type { SmallJob } from "../../support/run/small-job.ts";
import { linesOf } from "../../support/trajectory/scratch-folder.ts";

const world = runWorld();

/** A run that has ended: item 0 is right, 1 nearly, 2 wrong, and the model refused item 3. */
async function endedRun(samples = 2): Promise<SmallJob> {
  const answers = ["done", "Done", "no"].map((answer) => shellThen("cat a.txt", answer));
  const model = await world.model(byItem([...answers, () => refusal(404, "model_not_found")]));
  const job = await world.job({ baseURL: model.baseURL, items: 4, samples });
  expect(await job.run()).toMatchObject({ code: 1 });
  return job;
}

async function graderFile(job: SmallJob, text: string): Promise<string> {
  const file = path.join(job.folder, "new.yaml");
  await writeFile(file, text);
  return file;
}

function regrade(job: SmallJob, file: string, ...flags: readonly string[]): RunningCli {
  return startCli(["regrade", job.out, "--grader", file, ...flags], { TMPDIR: job.temporary });
}

const LIKE =
  'type: string_check\nname: like\noperation: ilike\ninput: "{{ sample.output_text }}"\nreference: "{{ item.answer }}"\n';

describe("rollyard regrade", () => {
  it("writes a series beside the results, changes nothing of them, and tells what changed", async () => {
    const job = await endedRun();
    const results = path.join(job.runFolder, "results.jsonl");
    const before = await readFile(results, "utf8");
    const end = await regrade(job, await graderFile(job, LIKE), "--series", "like", "--json").ended;
    expect(end.code).toBe(0);
    expect(JSON.parse(end.stdout)).toMatchObject({
      series: "like",
      rollouts: 8,
      pairs: 6,
      higher: 2,
      lower: 0,
      same: 4,
      mean_before: 1 / 3,
      mean_after: 2 / 3,
      spearman: 0.5,
      kendall: 0.5,
      failures: [{ failure_class: "config", failure_code: "model_not_found", rollouts: 2 }],
    });
    expect(await readFile(results, "utf8")).toBe(before);
    const lines = await linesOf(path.join(job.runFolder, "regrades"), "like.jsonl");
    const rewards = lines.map(({ item_index, reward, series }) => [item_index, reward, series].join(" "));
    expect(new Set(rewards)).toEqual(new Set(["0 1 like", "1 1 like", "2 0 like", "3  like"]));
    const report = async (...flags: readonly string[]): Promise<string> =>
      (await startCli(["report", job.out, ...flags], { TMPDIR: job.temporary }).ended).stdout;
    const shown = await report();
    expect(shown).toMatch(
      /GRADED AGAIN\n.*\n.*the run's own +8 +6 +0\.333 .*\n *like +like \(string_check\) +8 +6 +0\.667 /u,
    );
    expect(await readFile(path.join(job.runFolder, "report.html"), "utf8")).toContain("Graded again");
    expect(JSON.parse(await report("--json"))).toMatchObject({
      series: [{ series: "like", rollouts: 8, reward: { n: 6, mean: 2 / 3 } }],
    });
  });

  it("runs python in a clean sandbox over what was stored, and the run's own Environment around it", async () => {
    const job = await endedRun(1);
    const source =
      "type: python\nname: parts\nsource: |\n  def grade(sample, item):\n    return len(sample['output_text']) / 8 + ('canary' in item['question'])\n";
    const end = await regrade(job, await graderFile(job, source), "--json").ended;
    expect(end).toMatchObject({ code: 0 });
    expect(JSON.parse(end.stdout)).toMatchObject({ pairs: 3, mean_after: 1 + (4 + 4 + 2) / 24 });
  });

  it("goes on where it was interrupted, and asks about no rollout twice that has its line", async () => {
    const job = await endedRun();
    const [hanging, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const endpoint = await scoringEndpoint(async () => {
      if (endpoint.asked.size === 3) {
        hanging.resolve();
        await held.promise;
      }
      return 0.5;
    });
    const file = await graderFile(job, `type: endpoint\nname: remote\nurl: ${endpoint.url}\n`);
    const running = regrade(job, file, "--series", "remote", "--parallelism", "1");
    // Each is asked about once the one before has its line.
    await hanging.promise;
    running.kill("SIGINT");
    expect(await running.ended).toMatchObject({ code: 130 });
    const folder = path.join(job.runFolder, "regrades");
    const done = await linesOf(folder, "remote.jsonl");
    expect(done.filter(({ reward }) => reward === 0.5)).toHaveLength(2);
    held.resolve();
    expect(await regrade(job, file, "--series", "remote").ended).toMatchObject({ code: 0 });
    const lines = await linesOf(folder, "remote.jsonl");
    expect(lines.slice(0, done.length)).toEqual(done);
    expect(lines.filter(({ reward }) => reward === 0.5)).toHaveLength(6);
    const written = new Set(done.map(({ trace_id: trace }) => String(trace)));
    expect([...endpoint.asked].filter(([trace, count]) => written.has(trace) && count > 1)).toEqual([]);
  });

  it("tries again what the grader failed, and refuses another grader under the same name", async () => {
    const job = await endedRun(1);
    let isMended = false;
    const endpoint = await scoringEndpoint(async () => (isMended ? 1 : { status: 404 }));
    const file = await graderFile(job, `type: endpoint\nname: remote\nurl: ${endpoint.url}\n`);
    expect(await regrade(job, file, "--series", "one", "--only", "graded").ended).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("no reward for 3 rollouts: grader/grader_failed"),
    });
    isMended = true;
    expect(await regrade(job, file, "--series", "one", "--only", "graded").ended).toMatchObject({ code: 0 });
    const lines = await linesOf(path.join(job.runFolder, "regrades"), "one.jsonl");
    expect(lines.map(({ reward }) => reward)).toEqual([1, 1, 1]);
    expect(await regrade(job, await graderFile(job, LIKE), "--series", "one").ended).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("another grader"),
    });
  });

  it("refuses a grader that can't be right with exit code 2, naming file, line and field", async () => {
    const job = await endedRun(1);
    const file = await graderFile(job, LIKE.replace("ilike", "equal"));
    expect(await regrade(job, file).ended).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/new\.yaml:3 spec\.grader\.operation: /u),
    });
  });
});
