import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { compileItemCheck } from "../../../src/config/check-item.ts";
import type { CheckItem } from "../../../src/config/check-item.ts";
import { indexProblems } from "../../../src/config/check-indexes.ts";
import { loadDataset } from "../../../src/config/dataset.ts";
import { problemAt } from "../../../src/config/problem.ts";
import type { Problem } from "../../../src/config/problem.ts";
import { readDocuments } from "../../../src/config/read-documents.ts";
import type { Documents, SourcedDocument } from "../../../src/config/read-documents.ts";
import type { EnvironmentSpec } from "../../../src/environment/environment.ts";
import type { RolloutJob } from "../../../src/job/rollout-job.ts";
import type { JsonObject } from "../../../src/lib/json.ts";

/** A job to be made on a cluster, and what goes up after it. */
export interface SubmitInput {
  /** Its dataset is what a cluster takes. */
  readonly job: RolloutJob;
  /** Environments of the files. */
  readonly environments: Documents["environments"];
  /** The local file whose rows are uploaded; null where the cluster finds them itself. */
  readonly upload: { readonly file: string; readonly sha256: string; readonly sizeBytes: number } | null;
  /** Null where the rows are not here. */
  readonly rows: number | null;
}

/** The input, or everything that stands against it. */
export type SubmitResult =
  | { readonly ok: true; readonly input: SubmitInput }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The Environment that a cluster has under a name; null when it has none. */
export type LookUpEnvironment = (name: string) => Promise<EnvironmentSpec | null>;

/** Reads files with one RolloutJob, and perhaps its Environment; checks every row that is here. Never throws for bad input. */
export async function readSubmitInput(
  files: readonly string[],
  { cwd, name }: { readonly cwd: string; readonly name: string | undefined },
  lookUp: LookUpEnvironment,
): Promise<SubmitResult> {
  const read = await readDocuments(files, { cwd, adjust: (value) => renamed(value, name) });
  const { jobs, environments, secrets, configMaps } = read.documents;
  const [job] = jobs;
  const problems = [
    ...read.problems,
    ...[...secrets, ...configMaps].map(applyItself),
    ...countProblems(read.raw),
  ];
  if (job === undefined || problems.length > 0) return { ok: false, problems };
  const rows = await checkRows(job, { cwd, environments, lookUp });
  if (rows.problems.length > 0) return { ok: false, problems: rows.problems };
  const { file, limit } = job.value.spec.dataset;
  if (file === undefined) {
    return { ok: true, input: { job: job.value, environments, upload: null, rows: rows.count } };
  }
  const upload = await digestOf(path.resolve(job.source.folder, file));
  const dataset = { blob: { sha256: upload.sha256 }, ...(limit === undefined ? {} : { limit }) };
  const made = { ...job.value, spec: { ...job.value.spec, dataset } };
  return { ok: true, input: { job: made, environments, upload, rows: rows.count } };
}

function renamed(value: unknown, name: string | undefined): unknown {
  const document = value as JsonObject;
  if (name === undefined || document?.["kind"] !== "RolloutJob") return value;
  return { ...document, metadata: { ...(document["metadata"] as JsonObject), name } };
}

function countProblems(raw: readonly { readonly kind: string | undefined }[]): readonly Problem[] {
  const count = raw.filter(({ kind }) => kind === "RolloutJob").length;
  if (count === 1) return [];
  return [{ file: "-f", path: "", message: `exactly one RolloutJob is needed; the files hold ${count}` }];
}

/** Secrets in a file are for local runs; on a cluster they are the cluster's. */
function applyItself({ source, value }: SourcedDocument<{ readonly kind: string }>): Problem {
  const message = `a ${value.kind} is not submitted; put it into its own file, and kubectl apply -f that`;
  return problemAt(source, { path: ["kind"], message });
}

interface CheckedRows {
  readonly count: number | null;
  readonly problems: readonly Problem[];
}

async function checkRows(
  { source, value }: SourcedDocument<RolloutJob>,
  place: {
    readonly cwd: string;
    readonly environments: Documents["environments"];
    readonly lookUp: LookUpEnvironment;
  },
): Promise<CheckedRows> {
  const { dataset, environmentRef } = value.spec;
  if (dataset.blob !== undefined) {
    const message = "is what submit makes of dataset.file: name the file";
    return { count: null, problems: [problemAt(source, { path: ["spec", "dataset", "blob"], message })] };
  }
  if (dataset.file === undefined && dataset.inline === undefined) return { count: null, problems: [] };
  const given = place.environments.find((each) => each.value.metadata.name === environmentRef.name);
  const isMissing = dataset.file !== undefined && !existsSync(path.resolve(source.folder, dataset.file));
  const environment = given?.value.spec ?? (isMissing ? null : await place.lookUp(environmentRef.name));
  const check: CheckItem = environment === null ? () => [] : compileItemCheck(environment);
  const { items, problems } = await loadDataset(dataset, check, {
    source,
    configMaps: [],
    fetchDataset: async () => new Uint8Array(),
    cwd: place.cwd,
  });
  const indexes =
    problems.length > 0 ? [] : indexProblems({ ...value.spec } as unknown as JsonObject, items.length);
  return { count: items.length, problems: [...problems, ...indexes.map((each) => problemAt(source, each))] };
}

async function digestOf(file: string): Promise<NonNullable<SubmitInput["upload"]>> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer);
  return { file, sha256: digest.digest("hex"), sizeBytes: (await stat(file)).size };
}
