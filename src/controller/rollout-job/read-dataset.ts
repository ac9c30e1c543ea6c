import type { LogStore } from "../../bus/port.ts";
import { findUpload, readUpload } from "../../bus/uploads.ts";
import { compileItemCheck } from "../../config/check-item.ts";
import { indexProblems } from "../../config/check-indexes.ts";
import { loadDataset } from "../../config/dataset.ts";
import { formatProblem } from "../../config/problem.ts";
import type { DocumentSource } from "../../config/problem.ts";
import type { EnvironmentSpec } from "../../environment/environment.ts";
import { toRollyardError } from "../../errors/rollyard-error.ts";
import type { DatasetSpec } from "../../job/dataset-spec.ts";
import type { RolloutJobSpec } from "../../job/rollout-job.ts";
import { CONFIG_MAPS } from "../../kube/api-resources.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import type { KubeObject } from "../../kube/kube-object.ts";
import { assertNever } from "../../lib/assert-never.ts";
import { textOrUndefined } from "../../lib/half-valid.ts";
import type { JsonObject } from "../../lib/json.ts";
import { blocked } from "./blocked.ts";
import type { Blocked } from "./blocked.ts";
import type { DatasetDownloads } from "./dataset-downloads.ts";

/** Where datasets on a cluster come from. */
export interface DatasetDeps {
  readonly client: Pick<KubeClient, "get">;
  readonly bus: LogStore;
  readonly downloads: Pick<DatasetDownloads, "take">;
  /** Most MiB of an uploaded dataset. */
  readonly maxDatasetMiB: number;
}

/** Whose dataset. */
export interface DatasetOwner {
  readonly namespace: string;
  readonly name: string;
  /** As the bus has it. */
  readonly busUid: string;
  /** Whole: with the rows of an inline dataset. */
  readonly spec: RolloutJobSpec;
}

/** It is on its way; the job is looked at again when it is there. */
export interface Awaited {
  readonly kind: "awaited";
}

/** A dataset that is fit for a run. */
export interface ReadRows {
  readonly kind: "rows";
  readonly rows: readonly JsonObject[];
}

/** Bad rows that a condition names; the rest is only counted. */
const SHOWN_PROBLEMS = 10;
const MIB = 1024 * 1024;
/** Conditions are for reading: longer sentences are cut. */
const LONGEST_MESSAGE = 4096;

/** Reads and checks every row of a job's dataset for an environment. Rejects when the API server or the bus does not answer. */
export async function readDataset(
  deps: DatasetDeps,
  owner: DatasetOwner,
  environment: EnvironmentSpec,
): Promise<ReadRows | Blocked | Awaited> {
  const { name, spec } = owner;
  const found = await findDataset(deps, owner);
  if (found.kind !== "found") return found;
  const { items, problems } = await loadDataset(found.spec, compileItemCheck(environment), {
    source: sourceOf(name),
    configMaps: [],
    fetchDataset: async () => found.bytes,
    cwd: "/",
  });
  const indexes =
    problems.length > 0 ? [] : indexProblems({ ...spec } as unknown as JsonObject, items.length);
  const sentences = [
    ...problems.map(formatProblem),
    ...indexes.map(({ path, message }) => `${path.join(".")}: ${message}`),
  ];
  if (sentences.length === 0) return { kind: "rows", rows: items };
  return blocked("DatasetInvalid", indexes.length > 0 ? "BadIndexes" : "BadRows", shownProblems(sentences));
}

function shownProblems(sentences: readonly string[]): string {
  const more = sentences.length - SHOWN_PROBLEMS;
  const shown = sentences.slice(0, SHOWN_PROBLEMS).map((sentence) => `${sentence}.`);
  return [...shown, ...(more > 0 ? [`And ${more} more.`] : [])].join("\n").slice(0, LONGEST_MESSAGE);
}

/** Bytes of JSONL under a name for problems. Rows that stand in the spec need none. */
interface FoundDataset {
  readonly kind: "found";
  readonly spec: DatasetSpec;
  readonly bytes: Uint8Array;
}

async function findDataset(
  deps: DatasetDeps,
  owner: DatasetOwner,
): Promise<FoundDataset | Blocked | Awaited> {
  const { namespace } = owner;
  const spec = owner.spec.dataset;
  const { inline, configMap, url, blob, limit } = spec;
  if (inline !== undefined) return { kind: "found", spec, bytes: new Uint8Array() };
  const found = (file: string, bytes: Uint8Array): FoundDataset => ({
    kind: "found",
    // Whatever it was: the reader takes bytes under a name.
    spec: { url: file, sha256: "", ...(limit === undefined ? {} : { limit }) },
    bytes,
  });
  if (configMap !== undefined) return ofConfigMap(deps, { namespace, ...configMap }, found);
  if (url !== undefined) return ofUrl(deps, { ...owner, url, sha256: spec.sha256 ?? "" }, found);
  if (blob !== undefined) return ofBlob(deps, { jobUid: owner.busUid, sha256: blob.sha256 }, found);
  return blocked(
    "DatasetNotFound",
    "FileIsLocal",
    "spec.dataset.file is for local runs only: submit the job by `rollyard submit`, which uploads the rows, or put them into a ConfigMap, behind a url, or inline.",
  );
}

type Found = (file: string, bytes: Uint8Array) => FoundDataset;

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

async function ofConfigMap(
  { client }: DatasetDeps,
  { namespace, name, key }: { readonly namespace: string; readonly name: string; readonly key: string },
  found: Found,
): Promise<FoundDataset | Blocked> {
  const configMap = await client.get<ConfigMap>(CONFIG_MAPS, { namespace, name });
  if (configMap === null) {
    return blocked("DatasetNotFound", "NoSuchConfigMap", `There is no ConfigMap "${name}" in ${namespace}.`);
  }
  const text = configMap.data?.[key];
  const base64 = configMap.binaryData?.[key];
  if (text === undefined && base64 === undefined) {
    return blocked("DatasetNotFound", "NoSuchKey", `ConfigMap "${name}" has no key "${key}".`);
  }
  return found(
    `configmap/${name}/${key}`,
    Buffer.from(text ?? base64 ?? "", text === undefined ? "base64" : "utf8"),
  );
}

function ofUrl(
  { downloads }: DatasetDeps,
  {
    busUid,
    namespace,
    url,
    sha256,
  }: Pick<DatasetOwner, "busUid" | "namespace"> & { readonly url: string; readonly sha256: string },
  found: Found,
): FoundDataset | Blocked | Awaited {
  const downloaded = downloads.take({ job: busUid, namespace, url, sha256 });
  switch (downloaded.kind) {
    case "under_way":
      return { kind: "awaited" };
    case "bytes":
      return found(shownUrl(url), downloaded.bytes);
    case "failed":
      return notDownloaded(shownUrl(url), downloaded.error);
    default:
      return assertNever(downloaded);
  }
}

function notDownloaded(url: string, thrown: unknown): Blocked {
  const { code, message, details } = toRollyardError(thrown);
  const reason = textOrUndefined(details["reason"]);
  const sentence = `The dataset at ${url} ${message}.`;
  if (code === "dataset_invalid") return blocked("DatasetInvalid", reason ?? "WrongSha256", sentence);
  return blocked("DatasetNotFound", reason ?? "UrlUnreachable", sentence);
}

/** A query may hold a signature that lets others in. */
function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

async function ofBlob(
  { bus, maxDatasetMiB }: DatasetDeps,
  wanted: { readonly jobUid: string; readonly sha256: string },
  found: Found,
): Promise<FoundDataset | Blocked> {
  const { jobUid, sha256 } = wanted;
  const upload = await findUpload(bus, wanted);
  if (upload === null) {
    const sentence = `The rows with the SHA-256 ${sha256} were not uploaded to this job yet: \`rollyard submit\` makes a job and does it; the same command again does what is left of it.`;
    return blocked("DatasetNotFound", "NotUploaded", sentence);
  }
  if (upload.sizeBytes > maxDatasetMiB * MIB) {
    const sentence = `The uploaded rows are larger than the ${maxDatasetMiB} MiB that the controller takes.`;
    return blocked("DatasetInvalid", "TooLarge", sentence);
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of readUpload(bus, jobUid, upload)) pieces.push(piece);
  return found(`blob/${sha256}`, Buffer.concat(pieces));
}

function sourceOf(name: string): DocumentSource {
  return { file: `rolloutjob/${name}`, folder: "/", lineOf: () => undefined };
}
