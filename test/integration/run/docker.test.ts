import { beforeEach, describe, expect, it } from "vitest";
import { probeCommand } from "../../../src/sandbox/launchers/probe-command.ts";
import { whyNoEngine } from "../../support/docker/no-engine.ts";
import { byItem, runWorld, shellThen } from "../../support/run/run-world.ts";
import type { SmallJob, SmallJobOptions } from "../../support/run/small-job.ts";
import { TEST_IMAGE } from "../../support/sandbox/test-image.ts";

const world = runWorld();
const WITHIN = { timeout: 40_000 };

/** A small job whose environment is the test image. */
async function imageJob(options: SmallJobOptions, image = TEST_IMAGE): Promise<SmallJob> {
  const job = await world.job(options);
  const resources = "resources: {requests: {memory: 64Mi}, limits: {memory: 64Mi}}";
  const sandbox = `{image: "${image}", imagePullPolicy: Never, ${resources}}`;
  await job.edit((text) => text.replace(/^ {2}sandbox: .*$/mu, `  sandbox: ${sandbox}`));
  return job;
}

/** The same image under another name. */
const OTHER_IMAGE = "rollyard-test:other";

/** Names of the images of the containers that run. */
async function imagesThatRun(): Promise<readonly string[]> {
  const { stdout } = await probeCommand(["docker", "ps", "--format", "{{.Image}}"], null);
  return stdout
    .split("\n")
    .filter((image) => image.startsWith("rollyard-test:"))
    .toSorted();
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

  it("gives each rollout the image that its item names", async () => {
    await probeCommand(["docker", "tag", TEST_IMAGE, OTHER_IMAGE], null);
    const look = shellThen("true");
    let isHeld = true;
    const model = await world.model((request) => {
      if (request.turn > 0 && isHeld) return { kind: "hang" };
      return byItem([look, look])(request);
    });
    const job = await imageJob({ baseURL: model.baseURL, items: 2, samples: 1 }, "{{ item.image }}");
    await job.edit((text) =>
      [TEST_IMAGE, OTHER_IMAGE].reduce(
        (edited, image, index) =>
          edited.replace(`"canary-item-${index}."`, `"canary-item-${index}.", image: "${image}"`),
        text,
      ),
    );
    const running = job.start();
    await expect.poll(imagesThatRun, WITHIN).toEqual([TEST_IMAGE, OTHER_IMAGE].toSorted());
    isHeld = false;
    running.kill("SIGKILL");
    await running.ended;
    expect(await job.run()).toMatchObject({ code: 0 });
    expect((await job.records("results.jsonl")).map(({ reward }) => reward)).toEqual([1, 1]);
  }, 120_000);

  it("refuses rows that name no image, before anything runs", async () => {
    const job = await imageJob({ baseURL: "http://127.0.0.1:1/v1", items: 1 }, "{{ item.image }}");
    const { code, stderr } = await job.run();
    expect(code).toBe(2);
    expect(stderr).toContain('lacks the text "item.image", which spec.sandbox.image names');
  });
});
