import { beforeEach, describe, expect, it } from "vitest";
import { probeCommand } from "../../../src/sandbox/launchers/probe-command.ts";
import { whyNoEngine } from "../../support/docker/no-engine.ts";
import { byItem, runWorld, shellThen } from "../../support/run/run-world.ts";
import type { SmallJob, SmallJobOptions } from "../../support/run/small-job.ts";
import { TEST_IMAGE } from "../../support/sandbox/test-image.ts";

const world = runWorld();
const WITHIN = { timeout: 40_000 };

/** A small job whose environment is the test image. */
async function imageJob(options: SmallJobOptions): Promise<SmallJob> {
  const job = await world.job(options);
  const resources = "resources: {requests: {memory: 64Mi}, limits: {memory: 64Mi}}";
  const sandbox = `{image: "${TEST_IMAGE}", imagePullPolicy: Never, ${resources}}`;
  await job.edit((text) => text.replace(/^ {2}sandbox: .*$/mu, `  sandbox: ${sandbox}`));
  return job;
}

/** Ids of the containers of the image, running or not. */
async function containers(): Promise<readonly string[]> {
  const argv = ["docker", "ps", "--all", "--quiet", "--filter", `ancestor=${TEST_IMAGE}`];
  const { exitCode, stdout } = await probeCommand(argv, null);
  expect(exitCode).toBe(0);
  return stdout.split("\n").filter((id) => id !== "");
}

describe("a run on a Docker engine", () => {
  beforeEach(({ skip }) => {
    const missing = whyNoEngine();
    if (missing !== null) skip(missing);
  });

  it("is what an image gets, leaves no container when killed, and is completed by the same command", async () => {
    const look = shellThen("cat /proc/sys/kernel/hostname; id -u; pwd");
    const answer = byItem([look, shellThen("tail /dev/zero; echo code $?")]);
    let isKilled = false;
    const model = await world.model((request) =>
      request.turn > 0 && !isKilled ? { kind: "hang" } : answer(request),
    );
    const job = await imageJob({ baseURL: model.baseURL, items: 2, samples: 1 });
    const running = job.start();
    await expect.poll(containers, WITHIN).toHaveLength(2);
    running.kill("SIGKILL");
    await running.ended;
    isKilled = true;
    await expect.poll(containers, WITHIN).toEqual([]);

    expect(await job.run()).toMatchObject({ code: 0 });
    const results = await job.records("results.jsonl");
    expect(results.map(({ outcome, reward }) => [outcome, reward])).toEqual([
      ["graded", 1],
      ["graded", 1],
    ]);
    expect(await job.shown(0)).toContain(String.raw`sandbox\n1000\n/workspace\n`);
    // More memory than the sandbox may have ends the command, not the rollout.
    expect(await job.shown(1)).toContain("code 137");
    expect(await containers()).toEqual([]);
  }, 120_000);
});
