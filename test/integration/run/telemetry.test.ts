import { expect, it } from "vitest";
import { runWorld } from "../../support/run/run-world.ts";
import { steadyJob, untilSomeAreRecorded } from "../../support/run/steady-job.ts";

const world = runWorld();

it("a run that works says that it is ready, and measures every phase of its rollouts", async () => {
  const job = await steadyJob(world);
  const running = job.start();
  const [, url = ""] = await running.says(/metrics at (\S+)\n/u);
  await untilSomeAreRecorded(job);
  expect((await fetch(url.replace("/metrics", "/readyz"))).status).toBe(200);
  const text = await (await fetch(url)).text();
  for (const phase of ["queued", "sandbox", "model", "tool", "grade"]) {
    expect(text).toMatch(new RegExp(`phase_duration_seconds_count\\{[^}]*phase="${phase}"\\} [1-9]`, "u"));
  }
  expect(text).toMatch(/sandbox_start_duration_seconds_count\{source="cold"\} [1-9]/u);
  expect(await running.ended).toMatchObject({ code: 0 });
});
