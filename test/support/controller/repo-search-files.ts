import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { gather } from "../../chaos/checker/gather.ts";
import type { RawBus } from "../../chaos/world/raw-bus.ts";
import { startCli } from "../run/run-cli.ts";

/** Rewards by the index of their rollout. */
export type Rewards = ReadonlyMap<number, number | null>;

/** How the example's job is changed for a cluster. */
export interface RepoSearchChanges {
  readonly modelUrl: string;
  readonly samplesPerItem: number;
  /** Fields of the environment's sandbox. */
  readonly sandbox?: object | undefined;
}

/** Files of the example for `kubectl apply` and for a local run. */
export interface RepoSearchFiles {
  /** The example's own, for a local run. */
  readonly environment: string;
  /** With the changes, for a cluster. */
  readonly clusterEnvironment: string;
  readonly items: string;
  readonly job: string;
}

interface Baseline {
  readonly spec: { readonly model: object };
}

interface ResultLine {
  readonly item_index: number;
  readonly sample_index: number;
  readonly reward: number | null;
}

const EXAMPLE = fileURLToPath(new URL("../../../examples/repo-search/", import.meta.url));

/** Name of the job in baseline.yaml. */
export const REPO_SEARCH_JOB = "repo-search-baseline";

/** Writes the example's baseline, which runs on a laptop and on a cluster, with these changes. */
export async function writeRepoSearch(
  folder: string,
  { modelUrl, samplesPerItem, sandbox = {} }: RepoSearchChanges,
): Promise<RepoSearchFiles> {
  const read = (name: string): Promise<string> => readFile(join(EXAMPLE, name), "utf8");
  const [configMap, job] = parseAllDocuments(await read("baseline.yaml")).map(
    (each) => each.toJS() as Baseline,
  );
  const environment = parse(await read("environment.yaml")) as {
    readonly spec: { readonly sandbox: object };
  };
  const model = { ...job?.spec.model, baseURL: modelUrl };
  const spec = { ...job?.spec, samplesPerItem, model };
  const changed = { ...environment.spec, sandbox: { ...environment.spec.sandbox, ...sandbox } };
  const write = async (name: string, object: object): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, JSON.stringify(object));
    return file;
  };
  return {
    environment: join(EXAMPLE, "environment.yaml"),
    clusterEnvironment: await write("environment.yaml", { ...environment, spec: changed }),
    items: await write("items.yaml", { ...configMap }),
    job: await write("job.yaml", { ...job, spec }),
  };
}

/** Runs the job on this machine, and reads what it gave. */
export async function localRewards(
  files: RepoSearchFiles,
  folder: string,
  samplesPerItem: number,
): Promise<Rewards> {
  const out = join(folder, "local");
  const inputs = ["-f", files.environment, "-f", files.items, "-f", files.job];
  const run = await startCli(["run", ...inputs, "--sandbox", "process", "--out", out]).ended;
  if (run.code !== 0) throw new Error(run.stderr);
  const text = await readFile(join(out, REPO_SEARCH_JOB, "results.jsonl"), "utf8");
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as ResultLine);
  return sorted(
    lines.map(({ item_index, sample_index, reward }) => [item_index * samplesPerItem + sample_index, reward]),
  );
}

/** The last outcome of each rollout, as the bus has it. */
export async function clusterRewards(bus: RawBus, folder: string, samplesPerItem: number): Promise<Rewards> {
  const { outcomes } = await gather({
    bus,
    samplesPerItem,
    resultsFolder: folder,
    modelLog: "",
    toolLog: null,
  });
  return sorted([...outcomes].map(([rollout, chain]) => [rollout, chain.at(-1)?.reward ?? null]));
}

function sorted(rewards: readonly (readonly [number, number | null])[]): Rewards {
  return new Map(rewards.toSorted(([left], [right]) => left - right));
}
