import { rename } from "node:fs/promises";
import { expect, it } from "vitest";
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
