import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { runWorld } from "../../support/run/run-world.ts";
import type { SmallJob } from "../../support/run/small-job.ts";

const world = runWorld();
const NOWHERE = "http://127.0.0.1:1/v1";

/** Everything is checked first: not even the output folder is made. */
async function expectNothingStarted(job: SmallJob): Promise<void> {
  expect(await readdir(job.folder)).not.toContain("out");
}

describe("bad input to a run", () => {
  it("gets every problem of its fields at once, with file, line and path, and exit code 2", async () => {
    const job = await world.job({
      baseURL: NOWHERE,
      environment: "  tols: []\n  passThreshold: high",
      job: "  retry: {maxAttempts: many}\n  deadline: 5",
    });
    const end = await job.run();
    expect(end).toMatchObject({ code: 2, stdout: "" });
    for (const field of ["spec.tols", "spec.passThreshold", "spec.retry.maxAttempts", "spec.deadline"]) {
      expect(end.stderr).toMatch(new RegExp(`job\\.yaml:\\d+ ${field.replaceAll(".", "\\.")}: `, "u"));
    }
    expect(end.stderr).toContain("4 problems; nothing was started");
    await expectNothingStarted(job);
  });

  it("gets every problem of what its fields mean at once", async () => {
    const job = await world.job({ baseURL: NOWHERE });
    const lookup = "{name: shell, description: d, parameters: {type: object}, exec: {argv: [PROGRAM]}}";
    await job.edit((text) =>
      text
        .replace("environmentRef: {name: small}", "environmentRef: {name: smal}")
        .replace("name: mock}", "name: mock, apiKeySecret: {name: absent, key: k}}")
        .replace("{preset: shell}", `{preset: shell}, ${lookup.replace("PROGRAM", '"{{ argument.q }}"')}`)
        .replace("{{ sample.output_text }}", "{{ simple.output_text }}")
        .replace("{local: ./corpus,", "{local: ./nowhere,"),
    );
    const end = await job.run();
    expect(end.code).toBe(2);
    for (const said of [
      /spec\.environmentRef.*smal/u,
      /spec\.model\.apiKeySecret.*absent/u,
      /spec\.tools.*"?shell"?/u,
      /spec\.tools\[1\]\.exec\.argv.*argument/u,
      /spec\.grader\.input.*simple/u,
      /spec\.sandbox\.local/u,
    ]) {
      expect(end.stderr).toMatch(said);
    }
    await expectNothingStarted(job);
  });

  it("names the row of a dataset that is not JSON, and a dataset without rows", async () => {
    const job = await world.job({ baseURL: NOWHERE });
    const rows = path.join(job.folder, "items.jsonl");
    await job.edit((text) => text.replace(/dataset: .*/u, "dataset: {file: items.jsonl}"));
    const row = JSON.stringify({ question: "q", answer: "a" });
    await writeFile(rows, [...Array.from({ length: 16 }, () => row), "{canary-row", row, ""].join("\n"));
    const broken = await job.run();
    expect(broken).toMatchObject({ code: 2, stderr: expect.stringContaining("items.jsonl:17") });
    expect(broken.stderr).not.toContain("canary-row");
    await writeFile(rows, "");
    expect(await job.run()).toMatchObject({ code: 2, stderr: expect.stringMatching(/items\.jsonl.*row/u) });
    await expectNothingStarted(job);
  });

  it("gets the bounds of a dry run without anything being started", async () => {
    const job = await world.job({ baseURL: NOWHERE });
    const end = await job.run(["--dry-run"]);
    expect(end).toMatchObject({ code: 0, stdout: expect.stringContaining("6 rollouts") });
    await expectNothingStarted(job);
  });
});
