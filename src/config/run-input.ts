import path from "node:path";
import type { Environment } from "../environment/environment.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { GraderAssets } from "../grader/command/grader-file.ts";
import type { RolloutJob } from "../job/rollout-job.ts";
import type { JsonObject } from "../lib/json.ts";
import { checkInput } from "./check-input.ts";
import type { CheckedInput, CheckOptions } from "./check-input.ts";
import { requirementsOf } from "./openai-runtime.ts";
import { overrideJobs } from "./job-overrides.ts";
import type { JobOverrides } from "./job-overrides.ts";
import { loadDocuments } from "./load-documents.ts";
import type { LoadedDocuments, LoadOptions } from "./load-documents.ts";
import { readLocalAssets } from "./read-local-assets.ts";
import { formatProblem } from "./problem.ts";
import type { Problem } from "./problem.ts";
import type { AdjustDocument, Documents, SourcedDocument } from "./read-documents.ts";
import { assetsDigest } from "./snapshot-assets.ts";
import { runOrigin } from "./run-origin.ts";
import type { RunOrigin } from "./run-origin.ts";
import type { SecretStore } from "./secret-store.ts";
import { specHash } from "./spec-hash.ts";
import type { SpecSnapshot } from "./spec-hash.ts";

/** An environment that is ready to be used on this machine. */
export interface EnvironmentInput {
  readonly environment: Environment;
  /** Absolute path of `spec.sandbox.local`, when given. */
  readonly localFolder: string | undefined;
  /** Absolute path of `spec.graderRuntime.venv`, when given; or `openai`, see {@link requirementsOf}. */
  readonly requirementsFile: string | undefined;
  readonly secrets: SecretStore;
  /** Reads the own files of its graders; throws `bad_input` with all that stands against them. */
  readonly readGraderAssets: () => Promise<GraderAssets>;
}

/** Everything that a local run starts from. */
export interface RunInput extends EnvironmentInput {
  readonly job: RolloutJob;
  /** The dataset's rows; the index in the list is `item_index`. */
  readonly items: readonly JsonObject[];
  /** Own files of the environment's graders. */
  readonly graderAssets: GraderAssets;
  readonly snapshot: SpecSnapshot;
  /** SHA-256 (hex) of the snapshot's fixed fields. */
  readonly specHash: string;
  readonly origin: RunOrigin;
}

/** What was asked for, or everything that stands against it (exit code 2). */
export type Resolved<T> =
  | { readonly ok: true; readonly input: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads the files of `rollyard run`: exactly one job, its environment, its dataset. Never throws for bad input. */
export async function resolveRunInput(
  files: readonly string[],
  options: CheckOptions & { readonly overrides?: JobOverrides },
): Promise<Resolved<RunInput>> {
  const { adjust: before = (value) => value, overrides = {} } = options;
  const override = overrideJobs(overrides);
  const adjust: AdjustDocument = (value) => override(before(value));
  const checked = await checkInput(files, { ...options, adjust });
  const problems = [
    ...checked.problems,
    ...countProblems(checked.raw.filter(isKind("RolloutJob")).length, "RolloutJob"),
  ];
  const [job] = checked.documents.jobs;
  if (job === undefined || problems.length > 0) return { ok: false, problems };
  return { ok: true, input: runInputOf(job, checked, { files, cwd: options.cwd }) };
}

/** Reads the files of a command that needs only one Environment. Never throws for bad input. */
export async function resolveEnvironmentInput(
  files: readonly string[],
  options: LoadOptions,
): Promise<Resolved<EnvironmentInput>> {
  const loaded = await loadDocuments(files, options);
  const problems = [
    ...loaded.problems,
    ...countProblems(loaded.raw.filter(isKind("Environment")).length, "Environment"),
  ];
  const [environment] = loaded.documents.environments;
  if (environment === undefined || problems.length > 0) return { ok: false, problems };
  return { ok: true, input: environmentInputOf(environment, loaded) };
}

function isKind(wanted: string): (document: { readonly kind: string | undefined }) => boolean {
  return ({ kind }) => kind === wanted;
}

function countProblems(count: number, kind: string): Problem[] {
  if (count === 1) return [];
  return [{ file: "-f", path: "", message: `exactly one ${kind} is needed; the files hold ${count}` }];
}

function runInputOf(
  { source, value: job }: SourcedDocument<RolloutJob>,
  checked: CheckedInput,
  given: { readonly files: readonly string[]; readonly cwd: string },
): RunInput {
  const { configMaps } = checked.documents;
  const environment = checked.documents.environments.find(
    ({ value }) => value.metadata.name === job.spec.environmentRef.name,
  );
  const dataset = checked.datasets.get(job.metadata.name);
  if (environment === undefined || dataset === undefined) {
    throw new TypeError("input without problems has its environment and its dataset");
  }
  const graderAssets = checked.graderAssets.get(environment.value.metadata.name) ?? new Map();
  const snapshot: SpecSnapshot = {
    job: job.spec,
    environment: environment.value.spec,
    itemsSha256: dataset.sha256,
    ...assetsDigest(graderAssets),
  };
  return {
    ...environmentInputOf(environment, checked),
    job,
    items: dataset.items,
    graderAssets,
    snapshot,
    specHash: specHash(snapshot),
    origin: runOrigin(given.files, given.cwd, { job: { source, value: job }, environment, configMaps }),
  };
}

function environmentInputOf(
  environment: Documents["environments"][number],
  loaded: LoadedDocuments,
): EnvironmentInput {
  const { source, value } = environment;
  const resolved = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : path.resolve(source.folder, file);
  const venv = value.spec.graderRuntime?.venv;
  return {
    environment: value,
    localFolder: resolved(value.spec.sandbox.local),
    requirementsFile: venv === undefined ? undefined : requirementsOf(venv, source.folder),
    secrets: loaded.secrets,
    readGraderAssets: async () => {
      const { assets, problems } = await readLocalAssets(environment, loaded);
      if (problems.length === 0) return assets;
      throw new RollyardError("bad_input", { message: problems.map(formatProblem).join("\n") });
    },
  };
}
