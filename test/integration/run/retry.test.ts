import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { MockScript } from "../../support/model/mock-reply.ts";
import { startCli } from "../../support/run/run-cli.ts";
import type { CliEnd } from "../../support/run/run-cli.ts";
import { byItem, refusal, runWorld, shellThen } from "../../support/run/run-world.ts";
import type { SmallJob } from "../../support/run/small-job.ts";
import { linesOf } from "../../support/trajectory/scratch-folder.ts";

const world = runWorld();

/** A model that refuses items 1 and 2 until it is mended. */
async function brittleModel(): Promise<{
  readonly baseURL: string;
  mend(): void;
  readonly asked: () => number;
}> {
  let isMended = false;
  const good = shellThen("cat a.txt");
  const bad: MockScript = () => refusal(404, "model_not_found");
  const unlessMended: MockScript = (request) => (isMended ? good : bad)(request);
  const model = await world.model(byItem([good, unlessMended, unlessMended]));
  return {
    baseURL: model.baseURL,
    mend: () => {
      isMended = true;
    },
    asked: () => model.requestCount,
  };
}

function retry(job: SmallJob, ...flags: readonly string[]): Promise<CliEnd> {
  return startCli(["retry", job.out, ...flags], { TMPDIR: job.temporary }).ended;
}

/** The places of a folder's results, sorted, each with its outcome. */
async function placesIn(job: SmallJob, name: string): Promise<readonly string[]> {
  const lines = await linesOf(path.join(job.out, name), "results.jsonl");
  return lines
    .map(({ rollout, outcome }) => `${String(rollout).replace(/^\w+-/u, "")} ${String(outcome)}`)
    .toSorted();
}

describe("rollyard retry", () => {
  it("runs the failed rollouts again beside the old ones, under their own numbers, and leaves the old as they are", async () => {
    const model = await brittleModel();
    const job = await world.job({ baseURL: model.baseURL });
    expect(await job.run()).toMatchObject({ code: 1 });
    const before = await readFile(path.join(job.runFolder, "results.jsonl"), "utf8");
    model.mend();
    const end = await retry(job);
    expect(end).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("running small-retry-1: 4 rollouts"),
    });
    expect(await placesIn(job, "small-retry-1")).toEqual([
      "1-0 graded",
      "1-1 graded",
      "2-0 graded",
      "2-1 graded",
    ]);
    expect(await readFile(path.join(job.runFolder, "results.jsonl"), "utf8")).toBe(before);
    const report = await startCli(["report", job.out, "--json"]).ended;
    expect(JSON.parse(report.stdout)).toMatchObject({
      rollouts: { total: 6, graded: 6, failed: 0 },
      jobs: [
        { job: "small", failed: 4 },
        { job: "small-retry-1", current: 4 },
      ],
    });
    const again = await retry(job);
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("no rollout of small is without a reward"),
    });
    expect(await readdir(job.out)).not.toContain("small-retry-2");
  });

  it("takes only the item and the class that are asked for, and the next retry what is still without a reward", async () => {
    const model = await brittleModel();
    const job = await world.job({ baseURL: model.baseURL });
    await job.run();
    expect(await retry(job, "--class", "sandbox")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("let through"),
    });
    model.mend();
    expect(await retry(job, "--item", "7")).toMatchObject({
      code: 2,
      stderr: "rollyard: --item 7: no rollout of small is of such an item; its items are 0-2.\n",
    });
    expect(await retry(job, "--class", "config", "--item", "1")).toMatchObject({ code: 0 });
    expect(await placesIn(job, "small-retry-1")).toEqual(["1-0 graded", "1-1 graded"]);
    const asked = model.asked();
    const dry = await retry(job, "--dry-run", "--json");
    expect(JSON.parse(dry.stdout)).toMatchObject({ rollouts: 2 });
    expect(model.asked()).toBe(asked);
    // A retry's own folder stands for its family.
    const second = startCli(["retry", path.join(job.out, "small-retry-1")], { TMPDIR: job.temporary });
    expect(await second.ended).toMatchObject({ code: 0 });
    expect(await placesIn(job, "small-retry-2")).toEqual(["2-0 graded", "2-1 graded"]);
  });

  it("takes a changed environment, and refuses another job and other rows", async () => {
    const model = await brittleModel();
    const job = await world.job({ baseURL: model.baseURL });
    await job.run();
    const changed = path.join(job.folder, "changed.yaml");
    const original = await readFile(job.file, "utf8");
    const write = (change: (text: string) => string): Promise<void> => writeFile(changed, change(original));
    await write((text) =>
      text.replace(
        "metadata: {name: small}\nspec:\n  environmentRef",
        "metadata: {name: other}\nspec:\n  environmentRef",
      ),
    );
    expect(await retry(job, "-f", changed)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("is other, and the run's is small"),
    });
    await write((text) => text.replace("canary-item-2.", "canary-item-3."));
    expect(await retry(job, "-f", changed)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("rows are not those of the run small"),
    });
    await write((text) =>
      `${text.split("---")[0]}`.replace('reference: "{{ item.answer }}"', 'reference: "other"'),
    );
    model.mend();
    expect(await retry(job, "-f", changed, "--item", "1")).toMatchObject({ code: 0 });
    const results = await linesOf(path.join(job.out, "small-retry-1"), "results.jsonl");
    expect(results.map(({ reward }) => reward)).toEqual([0, 0]);
  });

  it("reads a dataset's file again, and refuses rows that have changed", async () => {
    const model = await brittleModel();
    const job = await world.job({ baseURL: model.baseURL });
    const rows = path.join(job.folder, "items.jsonl");
    const lines = [0, 1, 2].map(
      (item) => `${JSON.stringify({ question: `canary-item-${item}.`, answer: "done" })}\n`,
    );
    await writeFile(rows, lines.join(""));
    await job.edit((text) => text.replace(/dataset: .*$/mu, "dataset: {file: items.jsonl}"));
    await job.run();
    model.mend();
    await writeFile(rows, lines.toReversed().join(""));
    expect(await retry(job)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("rows are not those of the run"),
    });
    await writeFile(rows, lines.join(""));
    expect(await retry(job, "--item", "2")).toMatchObject({ code: 0 });
  });

  it("resumes a retry that was interrupted, and says how to resume a run that was", async () => {
    const model = await world.model(shellThen("sleep 1"), 100);
    const job = await world.job({ baseURL: model.baseURL, samples: 4, parallelism: 2 });
    const running = job.start();
    await running.says(/metrics at/u);
    running.kill("SIGINT");
    expect(await running.ended).toMatchObject({ code: 130 });
    const refused = await retry(job);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`rollyard run -f ${job.file} --out ${job.out}`);
    await rm(job.out, { recursive: true });

    const brittle = await brittleModel();
    await job.edit((text) => text.replace(model.baseURL, brittle.baseURL));
    expect(await job.run()).toMatchObject({ code: 1 });
    const slow = startCli(["retry", job.out, "--model-url", model.baseURL], { TMPDIR: job.temporary });
    await slow.says(/metrics at/u);
    slow.kill("SIGINT");
    const interrupted = await slow.ended;
    expect(interrupted).toMatchObject({ code: 130, stderr: expect.stringContaining("rollyard retry") });
    brittle.mend();
    expect(await retry(job, "--parallelism", "8")).toMatchObject({ code: 0 });
    expect(await placesIn(job, "small-retry-1")).toHaveLength(8);
    expect((await readdir(job.out)).toSorted()).toEqual(["small", "small-retry-1"]);
  });
});

describe("what a retry needs of its run", () => {
  it("is found again: a ConfigMap's rows, a secret that is given anew, a place for a name of full length", async () => {
    const model = await brittleModel();
    const job = await world.job({ baseURL: model.baseURL });
    const long = "a".repeat(52);
    const rows = [0, 1, 2].map((item) =>
      JSON.stringify({ question: `canary-item-${item}.`, answer: "done" }),
    );
    const data = rows.map((row) => `    ${row}\n`).join("");
    const map = `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: rows}\ndata:\n  items: |\n${data}`;
    await job.edit((text) => {
      const changed = text
        .replace(/dataset: .*$/mu, "dataset: {configMap: {name: rows, key: items}}")
        .replace(/(kind: RolloutJob\nmetadata: \{name: )small/u, `$1${long}`)
        .replace("name: mock}", "name: mock, apiKeySecret: {name: key, key: value}}");
      return `${changed}${map}`;
    });
    const secret = ["--secret", "key/value=env:KEY"];
    expect(await job.run(secret, { KEY: "k" })).toMatchObject({ code: 1 });
    expect(await retry(job)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("secret key/value was not given"),
    });
    model.mend();
    const env = { TMPDIR: job.temporary, KEY: "k" };
    expect(await startCli(["retry", job.out, ...secret, "--item", "2"], env).ended).toMatchObject({
      code: 0,
    });
    const name = `${"a".repeat(44)}-retry-1`;
    expect(await placesIn(job, name)).toEqual(["2-0 graded", "2-1 graded"]);
    const dry = await startCli(["retry", path.join(job.out, name), ...secret, "--dry-run", "--json"], env)
      .ended;
    expect(JSON.parse(dry.stdout)).toMatchObject({ rollouts: 2 });
  });
});
