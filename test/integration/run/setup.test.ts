import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { shellThen, runWorld } from "../../support/run/run-world.ts";

const world = runWorld();

it("a setup command that fails is told with its output in the records, and in no log", async () => {
  const model = await world.model(shellThen("cat a.txt"));
  const job = await world.job({
    baseURL: model.baseURL,
    items: 1,
    samples: 1,
    job: "  retry: {maxAttempts: 1}",
  });
  await job.edit((text) =>
    text.replace("{local: ./corpus,", '{local: ./corpus, setup: [[sh, -c, "echo canary-why >&2; exit 4"]],'),
  );
  const end = await job.run(["-v"]);
  expect(end).toMatchObject({ code: 1, stderr: expect.not.stringContaining("canary-why") });
  expect(await job.records("results.jsonl")).toMatchObject([
    {
      outcome: "failed",
      failure_class: "sandbox",
      failure_code: "sandbox_setup_failed",
      evidence: { exit_code: "4", setup_output: "canary-why" },
    },
  ]);
  expect(await readFile(path.join(job.runFolder, "logs", "rollyard.log"), "utf8")).not.toContain(
    "canary-why",
  );
});
