import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { nodeCommand, startProgram } from "../../support/run/run-cli.ts";
import type { RunningCli } from "../../support/run/run-cli.ts";
import { runWorld, shellThen } from "../../support/run/run-world.ts";
import type { SmallJob } from "../../support/run/small-job.ts";
import { resultsOf, untilSomeAreRecorded } from "../../support/run/steady-job.ts";

const world = runWorld();
const joinFileOf = (job: SmallJob): string => path.join(job.runFolder, ".rollyard", "join.json");

interface JoinFile {
  readonly servers: readonly string[];
  readonly passwords: Readonly<Record<string, string>>;
}

/** Starts a service of its own beside a run and resolves once it has joined, with the address of its metrics. */
async function join(
  job: SmallJob,
  service: "worker" | "grader",
): Promise<{ readonly process: RunningCli; readonly metrics: () => Promise<string> }> {
  const { servers, passwords } = JSON.parse(await readFile(joinFileOf(job), "utf8")) as JoinFile;
  const config = path.join(job.folder, `${service}.yaml`);
  const text = { nats: { servers }, metrics: { host: "127.0.0.1", port: 0 } };
  await writeFile(config, JSON.stringify(text));
  const process = startProgram(nodeCommand(`services/${service}/main.ts`, ["--config", config]), {
    NATS_PASSWORD: passwords[service] ?? "",
  });
  world.later(() => process.kill("SIGKILL"));
  const [, port = ""] = await process.says(/"metrics_port":(\d+)/u);
  const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return { process, metrics };
}

/** The sum over a metric's series; 0 for one that has none yet. */
function sumOf(text: string, name: string): number {
  const values = text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gmu"));
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
}

describe("a worker and a grader of their own beside a local run", () => {
  it("take their part of the work, hand over what they have when told to, and no result is lost or doubled", async () => {
    const model = await world.model(shellThen("cat a.txt"), 150);
    const job = await world.job({ baseURL: model.baseURL, items: 10, samples: 2, parallelism: 4 });
    const running = job.start();
    await running.says(/metrics at/u);
    expect((await stat(joinFileOf(job))).mode & 0o777).toBe(0o600);
    const worker = await join(job, "worker");
    const grader = await join(job, "grader");
    const turnsOf = async (): Promise<number> => sumOf(await worker.metrics(), "rollyard_turns_total");
    const gradesOf = async (): Promise<number> =>
      sumOf(await grader.metrics(), "rollyard_grader_duration_seconds_count");
    await expect.poll(turnsOf, { timeout: 15_000 }).toBeGreaterThan(0);
    await expect.poll(gradesOf, { timeout: 15_000 }).toBeGreaterThan(0);
    await untilSomeAreRecorded(job);
    worker.process.kill("SIGTERM");
    grader.process.kill("SIGTERM");
    expect(await worker.process.ended).toMatchObject({ code: 0 });
    expect(await grader.process.ended).toMatchObject({ code: 0 });
    expect(await running.ended).toMatchObject({ code: 0 });
    expect(await resultsOf(job)).toHaveLength(20);
    expect(await job.records("attempts.jsonl")).toEqual([]);
    await expect(stat(joinFileOf(job))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
