import type { GraderAssets } from "../grader/command/grader-file.ts";
import { rolloutJobSpecSchema } from "../job/rollout-job.ts";
import { objectOrEmpty, textOrUndefined } from "../lib/half-valid.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";
import { SANDBOX_PATH } from "../sandbox/sandbox-path.ts";
import { indexProblems } from "./check-indexes.ts";
import { compileItemCheck } from "./check-item.ts";
import type { CheckItem } from "./check-item.ts";
import { loadDataset } from "./dataset.ts";
import type { LoadedDataset } from "./dataset.ts";
import type { DatasetContext } from "./dataset-source.ts";
import { fetchDataset } from "./fetch-dataset.ts";
import type { FetchDataset } from "./fetch-dataset.ts";
import { findPython } from "./find-python.ts";
import type { FindPython } from "./find-python.ts";
import { loadDocuments } from "./load-documents.ts";
import type { LoadedDocuments, LoadOptions } from "./load-documents.ts";
import { documentName } from "./parse-yaml.ts";
import type { RawDocument } from "./parse-yaml.ts";
import { problemAt } from "./problem.ts";
import type { Problem } from "./problem.ts";
import { readLocalAssets } from "./read-local-assets.ts";
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
  /** Own files of graders by the name of their Environment. */
  readonly graderAssets: ReadonlyMap<string, GraderAssets>;
}

/** Reads and checks files, their references and every row of their datasets. Never throws for bad input. */
export async function checkInput(files: readonly string[], options: CheckOptions): Promise<CheckedInput> {
  const loaded = await loadDocuments(files, options);
  const read = await Promise.all(
    loaded.raw
      .filter(({ kind }) => kind === "RolloutJob")
      .map((document) => readDataset(document, loaded, options)),
  );
  const python = await checkPython(loaded.raw, options.findPython ?? findPython);
  const { environments } = loaded.documents;
  const assets = await Promise.all(environments.map((each) => readLocalAssets(each, loaded)));
  return {
    ...loaded,
    datasets: new Map(read.flatMap(({ named }) => (named === undefined ? [] : [named]))),
    graderAssets: new Map(
      assets.map((each, index) => [environments[index]?.value.metadata.name ?? "", each.assets]),
    ),
    problems: [
      ...loaded.problems,
      ...python,
      ...assets.flatMap(({ problems }) => problems),
      ...read.flatMap(({ problems }) => problems),
    ],
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

async function checkPython(documents: readonly RawDocument[], find: FindPython): Promise<readonly Problem[]> {
  const users = documents.filter(({ kind, value }) => kind === "Environment" && usesPython(value));
  const found = await Promise.all(users.map(({ value }) => find(graderImage(value))));
  return users.flatMap(({ source, value }, index) =>
    found[index] === null ? [problemAt(source, noPython(graderImage(value)))] : [],
  );
}

function noPython(image: string | null): SpecProblem {
  const message =
    image === null
      ? `a python grader needs Python ≥ 3.10 as python3 on a sandbox's PATH (${SANDBOX_PATH}) on this machine, and there is none; install python3`
      : "a python grader needs Python ≥ 3.10 as python3 in its image, and there is none";
  return { path: ["spec", "grader"], message };
}

/** The image in which an environment's graders would run code; null where it names none. */
function graderImage(environment: unknown): string | null {
  const spec = objectOrEmpty(objectOrEmpty(environment)["spec"]);
  const own = textOrUndefined(objectOrEmpty(spec["graderRuntime"])["image"]);
  return own ?? textOrUndefined(objectOrEmpty(spec["sandbox"])["image"]) ?? null;
}
