import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { nodeCommand, startProgram } from "../../support/run/run-cli.ts";
import type { RunningCli } from "../../support/run/run-cli.ts";
import { runWorld } from "../../support/run/run-world.ts";
import type { SmallJob } from "../../support/run/small-job.ts";
import { steadyJob, untilSomeAreRecorded } from "../../support/run/steady-job.ts";

const world = runWorld();

/** Starts `rollyard run` below its launcher, in a process group of their own and without a terminal. */
function launch(job: SmallJob): RunningCli {
  const module = new URL("../../../scripts/lib/run-attached.mjs", import.meta.url).href;
  const launcher = `import { runAttached } from ${JSON.stringify(module)};
    process.exitCode = await runAttached(process.execPath, process.argv.slice(1), { tells: true });`;
  const [node = "", ...command] = nodeCommand("services/cli/main.ts", [
    "run",
    "-f",
    job.file,
    "--out",
    job.out,
  ]);
  return startProgram(
    [node, "--input-type=module", "-e", launcher, "--", ...command],
    { TMPDIR: job.temporary },
    { ownGroup: true },
  );
}

/** Starts it as npx does: by a shell that stays. */
function launchByNpx(job: SmallJob): RunningCli {
  const bin = nodeCommand("bin/rollyard.mjs", ["run", "-f", job.file, "--out", job.out]);
  return startProgram(["/bin/sh", "-c", '"$@"; exit $?', "sh", ...bin], {
    TMPDIR: job.temporary,
    npm_command: "exec",
  });
}

/** Why the job's last session stopped; null while one is under way, or when it was killed. */
async function stoppedWhy(job: SmallJob): Promise<string | null> {
  const text = await readFile(path.join(job.runFolder, ".rollyard", "run.json"), "utf8");
  const state = JSON.parse(text) as { readonly stopped: { readonly why: string } | null };
  return state.stopped?.why ?? null;
}

describe("a run below its launcher", () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "takes one %s to the whole process group as one, and stops in good order",
    async (signal) => {
      const job = await steadyJob(world);
      const running = launch(job);
      await untilSomeAreRecorded(job);
      process.kill(-running.pid, signal);
      expect(await running.ended).toMatchObject({ code: 130, stderr: expect.stringContaining("resumes it") });
      expect(await stoppedWhy(job)).toBe("interrupted");
    },
  );

  it("stops in good order by a signal to the launcher alone", async () => {
    const job = await steadyJob(world);
    const running = launch(job);
    await untilSomeAreRecorded(job);
    running.kill("SIGINT");
    expect(await running.ended).toMatchObject({ code: 130, stderr: expect.stringContaining("resumes it") });
    expect(await stoppedWhy(job)).toBe("interrupted");
  });

  it("stops in good order once the shell that npx started it in has ended by the signal that npx got", async () => {
    const job = await steadyJob(world);
    const running = launchByNpx(job);
    await untilSomeAreRecorded(job);
    running.kill("SIGTERM");
    await running.says(/resumes it/u);
    expect(await stoppedWhy(job)).toBe("interrupted");
  });
});
