import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { checkInput } from "../src/config/check-input.ts";
import { formatProblem } from "../src/config/problem.ts";

const cwd = fileURLToPath(new URL("..", import.meta.url));
const jobs = globSync("examples/*/job.yaml", { cwd });

it.each(jobs)("the files of %s are valid, every dataset row included", async (job) => {
  const checked = await checkInput([job.replace(/job\.yaml$/, "environment.yaml"), job], { cwd, env: {} });
  expect(checked.problems.map(formatProblem)).toEqual([]);
});

it("there is an example", () => {
  expect(jobs).not.toEqual([]);
});
