import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { withRows } from "../examples/repo-search/derive-items.ts";
import { checkInput } from "../src/config/check-input.ts";
import { formatProblem } from "../src/config/problem.ts";

interface Document {
  readonly data?: object;
  readonly spec?: object;
}

const cwd = fileURLToPath(new URL("..", import.meta.url));
const jobs = globSync("examples/*/{job,baseline}.yaml", { cwd });

it.each(jobs)("the files of %s are valid, every dataset row included", async (job) => {
  const checked = await checkInput([job.replace(/\w+\.yaml$/, "environment.yaml"), job], { cwd, env: {} });
  expect(checked.problems.map(formatProblem)).toEqual([]);
});

it("the baseline of repo-search is its job, with its rows in a ConfigMap", () => {
  const read = (name: string): string => readFileSync(`${cwd}examples/repo-search/${name}`, "utf8");
  const baseline = read("baseline.yaml");
  expect(withRows(baseline, read("items.jsonl"))).toBe(baseline);
  const [configMap, job] = parseAllDocuments(baseline).map((each) => each.toJS() as Document);
  expect(configMap?.data).toEqual({ "items.jsonl": read("items.jsonl") });
  const plain = parse(read("job.yaml")) as Document;
  const dataset = { configMap: { name: "repo-questions", key: "items.jsonl" } };
  expect(job).toEqual({
    ...plain,
    metadata: { name: "repo-search-baseline" },
    spec: { ...plain.spec, dataset },
  });
});

it("there is an example", () => {
  expect(jobs).not.toEqual([]);
});
