import { readFile } from "node:fs/promises";
import path from "node:path";
import type { JobOverrides } from "../../../src/config/job-overrides.ts";
import { documentName, parseYaml } from "../../../src/config/parse-yaml.ts";
import type { RawDocument } from "../../../src/config/parse-yaml.ts";
import { resolveRunInput } from "../../../src/config/run-input.ts";
import type { Resolved, RunInput } from "../../../src/config/run-input.ts";
import { shownPath } from "../../../src/config/shown-path.ts";
import { specHash } from "../../../src/config/spec-hash.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { formatIndexRanges } from "../../../src/job/index-ranges.ts";
import { objectOrEmpty } from "../../../src/lib/half-valid.ts";
import type { CliIo } from "../cli-io.ts";
import type { RetryBasis } from "./retry-basis.ts";

/** What the command line gives a retry beside the run that it is of. */
export interface RetryRequest {
  /** Changed documents; what they leave out is as in the run. */
  readonly files: readonly string[];
  readonly secretFlags: readonly string[];
  readonly overrides: JobOverrides;
}

const API_VERSION = "rollyard.dev/v1alpha1";

/**
 * The input of a retry: the run's own documents, or changed ones of the same job over the same rows, checked as those
 * of any run. Resolves with all problems; throws `bad_input` for another job and for other rows.
 */
export async function retryInput(
  basis: RetryBasis,
  request: RetryRequest,
  io: Pick<CliIo, "cwd" | "env" | "stderr">,
): Promise<Resolved<RunInput>> {
  const resolved = await resolveRunInput(request.files, {
    cwd: io.cwd,
    env: io.env,
    secretFlags: request.secretFlags,
    fallback: await documentsOf(basis, io.cwd),
    adjust: (value) => asRetry(value, basis),
    overrides: request.overrides,
  });
  if (!resolved.ok) return resolved;
  const { input } = resolved;
  if (input.snapshot.itemsSha256 !== basis.snapshot.itemsSha256) {
    throw new RollyardError("bad_input", {
      message: `The dataset's rows are not those of the run ${basis.retryOf}; bring them back, or start a new run with another --out.`,
    });
  }
  return { ok: true, input: withIndexes(input, basis.indexes) };
}

/** Rows are the same and so are their samples, so the indexes need no second check. */
function withIndexes(input: RunInput, indexes: readonly number[]): RunInput {
  const spec = { ...input.job.spec, indexes: formatIndexRanges(indexes) };
  const snapshot = { ...input.snapshot, job: spec };
  return { ...input, job: { ...input.job, spec }, snapshot, specHash: specHash(snapshot) };
}

/** A job's document as the retry's: its name, and what numbers the rollouts as the job did. */
function asRetry(value: unknown, { name, retryOf, snapshot, isResumed }: RetryBasis): unknown {
  const document = objectOrEmpty(value);
  if (document["kind"] !== "RolloutJob") return value;
  const given = documentName(value);
  if (given !== undefined && given !== retryOf && !(isResumed && given === name)) {
    throw new RollyardError("bad_input", {
      message: `The given RolloutJob is ${given}, and the run's is ${retryOf}; a retry needs a changed file of the same job.`,
    });
  }
  const { indexes: _indexes, ...spec } = objectOrEmpty(document["spec"]);
  const { samplesPerItem, dataset } = snapshot.job;
  const limit = dataset.limit === undefined ? {} : { limit: dataset.limit };
  return {
    ...document,
    metadata: { ...objectOrEmpty(document["metadata"]), name },
    spec: { ...spec, retryOf, samplesPerItem, dataset: { ...objectOrEmpty(spec["dataset"]), ...limit } },
  };
}

/** The run's own documents out of its notes. */
async function documentsOf(
  { retryOf, state, snapshot }: RetryBasis,
  cwd: string,
): Promise<readonly RawDocument[]> {
  const { job, origin } = state;
  const { job: jobSpec, environment } = snapshot;
  const namespace = job.namespace === null ? {} : { namespace: job.namespace };
  const made = (kind: string, folder: string, content: object): RawDocument => ({
    source: { file: `the run ${job.name}`, folder, lineOf: () => undefined },
    kind,
    value: JSON.parse(JSON.stringify({ apiVersion: API_VERSION, kind, ...content })),
  });
  return [
    made("Environment", origin.environmentFolder, {
      metadata: { name: jobSpec.environmentRef.name, ...namespace },
      spec: environment,
    }),
    made("RolloutJob", origin.jobFolder, { metadata: { name: retryOf, ...namespace }, spec: jobSpec }),
    ...(origin.configMapFile === null ? [] : await configMapsIn(origin.configMapFile, cwd)),
  ];
}

/** The dataset's ConfigMap is read again from its file; a file that is gone shows as a missing reference. */
async function configMapsIn(file: string, cwd: string): Promise<readonly RawDocument[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  const { documents } = parseYaml(text, { file: shownPath(file, cwd), folder: path.dirname(file) });
  return documents.filter(({ kind }) => kind === "ConfigMap");
}
