import { spawnSync } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { processesOf } from "../../support/run/leftovers.ts";
import { nodeCommand, startProgram } from "../../support/run/run-cli.ts";
import { runWorld } from "../../support/run/run-world.ts";
import { STEADY_ROLLOUTS, resultsOf, steadyJob, untilSomeAreRecorded } from "../../support/run/steady-job.ts";

const world = runWorld();

/** Whether the command could be done; mounting wants rights that not every machine gives. */
function isDone(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

describe("a run whose surroundings fail", () => {
  it("completes although its nats-server is killed twice in the middle", async () => {
    const job = await steadyJob(world);
    const running = job.start();
    await untilSomeAreRecorded(job);
    const killed = new Set<number>();
    const killNext = async (): Promise<boolean> => {
      const server = (await processesOf(job)).find(
        ({ name, pid }) => name === "nats-server" && !killed.has(pid),
      );
      if (server === undefined) return false;
      killed.add(server.pid);
      return process.kill(server.pid, "SIGKILL");
    };
    await expect.poll(killNext, { timeout: 10_000 }).toBe(true);
    await expect.poll(killNext, { timeout: 10_000 }).toBe(true);
    expect(await running.ended).toMatchObject({ code: 0 });
    expect(await resultsOf(job)).toHaveLength(STEADY_ROLLOUTS);
  });

  it("completes although whoever read its progress has gone", async () => {
    const job = await steadyJob(world);
    const run = nodeCommand("services/cli/main.ts", ["run", "-f", job.file, "--out", job.out]);
    const readOneLine = 'set -o pipefail; "$@" 2>&1 | head -n 1';
    const env = { TMPDIR: job.temporary };
    const { code, stdout } = await startProgram(["bash", "-c", readOneLine, "bash", ...run], env).ended;
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^running small: .*\n$/u),
    });
    expect(await resultsOf(job)).toHaveLength(STEADY_ROLLOUTS);
    expect(await readFile(path.join(job.runFolder, "report.md"), "utf8")).toContain("AllGraded");
  });

  it.for([
    ["nearly full", 40],
    ["full to the last byte", 1000],
  ] as const)(
    "stops with a sentence when its disk is %s, and completes once there is room",
    async ([, megabytes], { skip }) => {
      const job = await steadyJob(world);
      await mkdir(job.out);
      const isMounted = isDone("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", job.out);
      skip(!isMounted, "a small disk can't be mounted here");
      world.later(() => void isDone("umount", "-l", job.out));
      const running = job.start();
      await untilSomeAreRecorded(job);
      const filler = path.join(job.out, "filler");
      // As much as there is room for.
      isDone("dd", "if=/dev/zero", `of=${filler}`, "bs=1M", `count=${megabytes}`);
      const first = await running.ended;
      expect(first).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/rollyard: The disk of .* is full/u),
      });
      expect(first.stderr).not.toContain("    at ");
      const before = await resultsOf(job);
      expect(before.length).toBeLessThan(STEADY_ROLLOUTS);
      const tooSoon = await job.run();
      expect(tooSoon).toMatchObject({ code: 2, stderr: expect.stringContaining("free some space") });
      await rm(filler);
      expect(await job.run()).toMatchObject({ code: 0 });
      expect((await resultsOf(job)).slice(0, before.length)).toEqual(before);
      expect(await resultsOf(job)).toHaveLength(STEADY_ROLLOUTS);
    },
  );

  it("refuses an output folder below a file, and one on a read-only disk, exit code 2", async ({ skip }) => {
    const job = await steadyJob(world);
    await writeFile(job.out, "");
    const below = await job.run();
    expect(below).toMatchObject({ code: 2, stderr: expect.stringContaining("can't be written (ENOTDIR)") });
    await rm(job.out);
    await mkdir(job.out);
    const isMounted = isDone("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", job.out);
    skip(!isMounted, "no read-only disk can be mounted here");
    world.later(() => void isDone("umount", "-l", job.out));
    const readOnly = await job.run();
    expect(readOnly).toMatchObject({ code: 2, stderr: expect.stringContaining("can't be written (EROFS)") });
  });
});
