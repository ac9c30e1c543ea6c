import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { OPENAI_RUNTIME } from "../../../src/config/openai-runtime.ts";
import { localRequirements, localWheel, whyNoVenv } from "../../support/grader/local-wheel.ts";
import { shellThen, runWorld } from "../../support/run/run-world.ts";
import { startCli } from "../../support/run/run-cli.ts";
import type { SmallJob } from "../../support/run/small-job.ts";

const world = runWorld();

const SOURCE = "import rollyard_shades\\ndef grade(sample, item):\\n    return rollyard_shades.GREY\\n";
const GRADER = `grader: {type: python, name: py, source: "${SOURCE}"}`;

/** A job whose python grader imports a package, with the cache of virtual environments in its own folder. */
async function pythonJob(runtime: string): Promise<{ job: SmallJob; env: Readonly<Record<string, string>> }> {
  const model = await world.model(shellThen("cat a.txt"));
  const job = await world.job({ baseURL: model.baseURL, items: 1, samples: 2, environment: runtime });
  await job.edit((text) => text.replace(/grader: .*/u, GRADER));
  const cache = path.join(job.folder, "cache");
  await mkdir(cache);
  return { job, env: { XDG_CACHE_HOME: cache } };
}

const VENV = "  graderRuntime: {venv: requirements.txt}";

/** Whether OpenAI's packages come from PyPI: some 900 MB, minutes. Otherwise empty ones stand in for them. */
const isWhole = process.env["ROLLYARD_TEST_OPENAI_RUNTIME"] === "1";

const PINS = OPENAI_RUNTIME.trim()
  .split("\n")
  .map((pin) => pin.split("=="));

/** Counts the packages that are there in the version that it wants. */
const COUNT = [
  "from importlib.metadata import version",
  `WANTED = ${JSON.stringify(PINS)}`,
  "def grade(sample, item):",
  "    return sum(version(name) == wanted for name, wanted in WANTED)",
  "",
].join("\n");
const OPENAI_GRADER = `grader: ${JSON.stringify({ type: "python", name: "py", source: COUNT })}`;

/** A package without content for each of OpenAI's, in its version alone; what pip needs to take them and no other. */
async function emptyPackages(folder: string): Promise<Readonly<Record<string, string>>> {
  const wheels = path.join(folder, "wheels");
  await mkdir(wheels);
  for (const [name = "", version = ""] of PINS) await localWheel(wheels, { name, version, source: "" });
  return { PIP_NO_INDEX: "1", PIP_FIND_LINKS: wheels };
}

describe("graders with packages of their own", () => {
  it("import them from a virtual environment, which is made once", async ({ skip }) => {
    const missing = await whyNoVenv();
    skip(missing !== null, missing ?? "");
    const { job, env } = await pythonJob(VENV);
    await localRequirements(job.folder, { rollyard_shades: "GREY = 0.5\n" });
    const checked = await startCli(["validate", "-f", job.file], env).ended;
    expect(checked).toMatchObject({ code: 0, stderr: expect.stringContaining("making the graders' Python") });
    const end = await job.run([], env);
    expect(end).toMatchObject({ code: 0, stderr: expect.not.stringContaining("making the graders' Python") });
    expect((await job.records("results.jsonl")).map(({ reward }) => reward)).toEqual([0.5, 0.5]);
    expect(await readdir(path.join(job.folder, "cache", "rollyard", "graders"))).toHaveLength(1);
  });

  it("are those of OpenAI's runtime, in its versions, by the word openai", async ({ skip }) => {
    const missing = await whyNoVenv();
    skip(missing !== null, missing ?? "");
    const { job, env } = await pythonJob("  graderRuntime: {venv: openai}");
    await job.edit((text) => text.replace(/grader: .*/u, OPENAI_GRADER));
    const packages = isWhole ? {} : await emptyPackages(job.folder);
    expect(await job.run([], { ...env, ...packages })).toMatchObject({ code: 0 });
    const rewards = (await job.records("results.jsonl")).map(({ reward }) => reward);
    expect(rewards).toEqual([PINS.length, PINS.length]);
  }, 1_200_000);

  it("are not another project's, whose file reads the same", async ({ skip }) => {
    const missing = await whyNoVenv();
    skip(missing !== null, missing ?? "");
    const { job: first, env } = await pythonJob(VENV);
    await localRequirements(first.folder, { rollyard_shades: "GREY = 0.5\n" });
    expect((await startCli(["validate", "-f", first.file], env).ended).code).toBe(0);
    const { job } = await pythonJob(VENV);
    await localRequirements(job.folder, { rollyard_shades: "GREY = 0.25\n" });
    expect(await job.run([], env)).toMatchObject({ code: 0 });
    expect((await job.records("results.jsonl")).map(({ reward }) => reward)).toEqual([0.25, 0.25]);
  });

  it("fail as config where a package is missing, naming it and where to add it", async () => {
    const { job, env } = await pythonJob("");
    expect(await job.run([], env)).toMatchObject({ code: 1 });
    const failure = {
      outcome: "failed",
      failure_class: "config",
      failure_code: "grader_import_missing",
      failure_reason:
        'Grader "py" imports "rollyard_shades", which its runtime lacks; add it to spec.graderRuntime.',
    };
    expect(await job.records("results.jsonl")).toMatchObject([failure, failure]);
  });

  it("are refused with pip's sentence when their environment can't be made, and nothing is left", async ({
    skip,
  }) => {
    const missing = await whyNoVenv();
    skip(missing !== null, missing ?? "");
    const { job, env } = await pythonJob(VENV);
    await localRequirements(job.folder, {}, ["rollyard_nowhere"]);
    const checked = await startCli(["validate", "-f", job.file], env).ended;
    expect(checked.code).toBe(2);
    expect(checked.stdout).toMatch(
      /job\.yaml:\d+ spec\.graderRuntime\.venv: .*No matching distribution found for rollyard_nowhere\n/u,
    );
    expect(await readdir(path.join(job.folder, "cache", "rollyard", "graders"))).toEqual([]);
  });

  it("are refused when their file is missing, or their image has no engine", async () => {
    const { job, env } = await pythonJob(VENV);
    expect(await job.run([], env)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("can't be read"),
    });
    await writeFile(path.join(job.folder, "requirements.txt"), "");
    await job.edit((text) => text.replace(VENV, "  graderRuntime: {image: some}"));
    const end = await job.run([], env);
    expect(end).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("spec.graderRuntime.image needs Docker"),
    });
  });
});
