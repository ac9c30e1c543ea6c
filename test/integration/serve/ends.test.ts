import { rename } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { processesOf } from "../../support/run/leftovers.ts";
import { startCli } from "../../support/run/run-cli.ts";
import { serveWorld } from "../../support/serve/serve-world.ts";

const world = serveWorld();

it("serving ends with a sentence when its folder is moved away, or removed, under it", async () => {
  const served = await world.serve();
  expect(await served.trainer.grade("trace_a")).toMatchObject({ status: 200 });
  await rename(served.records, `${served.records}-elsewhere`);
  const { code, stderr } = await served.process.ended;
  expect(code).toBe(1);
  // Whoever notices it first says so.
  const said = /^rollyard: .*small.* can't be (?:looked at|written|brought to the disk)/mu;
  expect(stderr).toMatch(said);
  expect(stderr).not.toContain("An error of ours");
});

it("serving ends with a sentence, and leaves nothing behind, when something else has its port", async () => {
  const { folder, grader } = await world.serve();
  const [file, out] = [path.join(folder, "environment.yaml"), path.join(folder, "other")];
  const { port } = new URL(grader);
  const second = startCli(["serve", "-f", file, "--out", out, "--port", port], {
    TMPDIR: path.join(folder, "tmp"),
  });
  expect(await second.ended).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /^rollyard: The gateway can't listen on 127\.0\.0\.1:\d+: something listens/mu,
    ),
  });
  expect(await processesOf({ folder: out, temporary: out })).toEqual([]);
});
