import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { checkInput } from "../../../src/config/check-input.ts";

const readme = new URL("../../../README.md", import.meta.url);
let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "rollyard-readme-"));
});

afterEach(() => rm(cwd, { recursive: true }));

it("accepts the task that README.md shows, as it stands there", async () => {
  const yaml = /```yaml\n(.*?)```/s.exec(await readFile(readme, "utf8"))?.[1] ?? "";
  await writeFile(join(cwd, "job.yaml"), yaml);
  await mkdir(join(cwd, "texts"));
  const { problems, documents } = await checkInput(["job.yaml"], { cwd, env: {}, secretFlags: [] });
  expect(problems).toEqual([]);
  expect([documents.environments.length, documents.jobs.length]).toEqual([1, 1]);
});
