import { spawnSync } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { unusedBaseURL } from "../../support/model/mock-model.ts";
import { nodeCommand, startProgram } from "../../support/run/run-cli.ts";
import { runWorld } from "../../support/run/run-world.ts";
import type { SmallJob } from "../../support/run/small-job.ts";

const world = runWorld();

/** A job, and a folder that is all of PATH. */
async function jobWithPath(): Promise<{ readonly job: SmallJob; readonly bin: string }> {
  const job = await world.job({ baseURL: await unusedBaseURL() });
  const bin = path.join(job.folder, "bin");
  await mkdir(bin);
  return { job, bin };
}

/** Root of a user namespace in which no further one may be made: what a container without rights is. */
const RESTRICTED = ["unshare", "--user", "--map-root-user", "sh", "-c"];
const FORBID = "echo 0 > /proc/sys/user/max_user_namespaces";

describe("a machine that can't isolate a sandbox", () => {
  it("gets the sentence that says what to install, exit code 2, before anything is made", async () => {
    const { job, bin } = await jobWithPath();
    const end = await job.run([], { PATH: bin });
    expect(end).toMatchObject({ code: 2, stderr: expect.stringContaining("install bubblewrap") });
    expect(await readdir(job.folder)).not.toContain("out");
  });

  it("gets the sentence about the engine when its environment is an image alone", async () => {
    const { job, bin } = await jobWithPath();
    await job.edit((text) => text.replace("{local: ./corpus,", "{image: example/image,"));
    const end = await job.run([], { PATH: bin });
    expect(end).toMatchObject({ code: 2, stderr: expect.stringContaining("needs a Docker engine") });
  });

  it("gets the sentence about namespaces where bubblewrap is installed and fails", async () => {
    const { job, bin } = await jobWithPath();
    const refusing = '#!/bin/sh\n[ "$1" = --help ] || { echo "bwrap: No permissions" >&2; exit 1; }\n';
    await writeFile(path.join(bin, "bwrap"), refusing, { mode: 0o755 });
    const end = await job.run([], { PATH: `${bin}:/usr/bin:/bin` });
    expect(end).toMatchObject({ code: 2, stderr: expect.stringContaining("restricts user namespaces: ") });
  });

  it("gets the setting to change where the kernel itself forbids namespaces", async ({ skip }) => {
    const isThere = spawnSync(RESTRICTED[0] ?? "", [...RESTRICTED.slice(1), FORBID]).status === 0;
    skip(!isThere, "namespaces can't be forbidden for one command here");
    const { job } = await jobWithPath();
    const run = nodeCommand("services/cli/main.ts", ["run", "-f", job.file, "--out", job.out]);
    const command = [...RESTRICTED, `${FORBID}; exec "$@"`, "restricted", ...run];
    const end = await startProgram(command, { TMPDIR: job.temporary }).ended;
    expect(end.code).toBe(2);
    expect(end.stderr).toContain("sudo sysctl -w user.max_user_namespaces=");
  });
});
