import { rolloutJobSpecSchema } from "../job/rollout-job.ts";
import { objectOrEmpty } from "../lib/half-valid.ts";
import { indexProblems } from "./check-indexes.ts";
import { compileItemCheck } from "./check-item.ts";
import type { CheckItem } from "./check-item.ts";
import { loadDataset } from "./dataset.ts";
import type { LoadedDataset } from "./dataset.ts";
import type { DatasetContext } from "./dataset-source.ts";
import { fetchDataset } from "./fetch-dataset.ts";
import type { FetchDataset } from "./fetch-dataset.ts";
import { findPython } from "./find-python.ts";
import type { FindPython, PythonInstall } from "./find-python.ts";
import { loadDocuments } from "./load-documents.ts";
import type { LoadedDocuments, LoadOptions } from "./load-documents.ts";
import { documentName } from "./parse-yaml.ts";
import type { RawDocument } from "./parse-yaml.ts";
import { problemAt } from "./problem.ts";
import type { Problem } from "./problem.ts";
import { usesPython } from "./uses-python.ts";

/** What checking depends on beside the files. */
export interface CheckOptions extends LoadOptions {
  readonly fetchDataset?: FetchDataset;
  readonly findPython?: FindPython;
}

/** All that files say, with every dataset read. Only without problems is it fit for a run. */
export interface CheckedInput extends LoadedDocuments {
  /** Datasets by the name of their job. */
  readonly datasets: ReadonlyMap<string, LoadedDataset>;
  /** The Python for graders, when one of them needs it. */
  readonly python: PythonInstall | undefined;
}

/** Reads and checks files, their references and every row of their datasets. Never throws for bad input. */
export async function checkInput(files: readonly string[], options: CheckOptions): Promise<CheckedInput> {
  const loaded = await loadDocuments(files, options);
  const read = await Promise.all(
    loaded.raw
      .filter(({ kind }) => kind === "RolloutJob")
      .map((document) => readDataset(document, loaded, options)),
  );
  const python = await checkPython(loaded.raw, options);
  return {
    ...loaded,
    datasets: new Map(read.flatMap(({ named }) => (named === undefined ? [] : [named]))),
    python: python.found,
    problems: [...loaded.problems, ...python.problems, ...read.flatMap(({ problems }) => problems)],
  };
}

interface ReadDataset {
  readonly named?: readonly [job: string, dataset: LoadedDataset];
  readonly problems: readonly Problem[];
}

/** Reads a job's dataset also when other parts of the job or its environment are wrong. */
async function readDataset(
  { source, value }: RawDocument,
  loaded: LoadedDocuments,
  options: CheckOptions,
): Promise<ReadDataset> {
  const spec = objectOrEmpty(objectOrEmpty(value)["spec"]);
  const parsed = rolloutJobSpecSchema.shape.dataset.safeParse(spec["dataset"]);
  if (!parsed.success) return { problems: [] };
  const context: DatasetContext = {
    source,
    configMaps: loaded.documents.configMaps.map((configMap) => configMap.value),
    fetchDataset: options.fetchDataset ?? fetchDataset,
    cwd: options.cwd,
  };
  const dataset = await loadDataset(parsed.data, itemCheckFor(spec["environmentRef"], loaded), context);
  const indexes = dataset.problems.length > 0 ? [] : indexProblems(spec, dataset.items.length);
  return {
    named: [documentName(value) ?? "", dataset],
    problems: [...dataset.problems, ...indexes.map((problem) => problemAt(source, problem))],
  };
}

/** Rows are checked against their environment when it is in order itself; else only for being rows. */
function itemCheckFor(environmentRef: unknown, { documents, problems }: LoadedDocuments): CheckItem {
  const { name } = objectOrEmpty(environmentRef);
  const environment = documents.environments.find(({ value }) => value.metadata.name === name);
  const isInOrder =
    environment !== undefined && !problems.some(({ file }) => file === environment.source.file);
  return isInOrder ? compileItemCheck(environment.value.spec) : () => [];
}

async function checkPython(
  documents: readonly RawDocument[],
  { env, findPython: find = findPython }: CheckOptions,
): Promise<{ readonly found?: PythonInstall; readonly problems: readonly Problem[] }> {
  const users = documents.filter(({ kind, value }) => kind === "Environment" && usesPython(value));
  if (users.length === 0) return { problems: [] };
  const found = await find(env["PATH"]);
  if (found !== undefined) return { found, problems: [] };
  const message = "a python grader needs Python ≥ 3.10 on this machine, and none was found; install python3";
  return {
    problems: users.map(({ source }) => problemAt(source, { path: ["spec", "grader"], message })),
  };
}
