import { constants, createReadStream } from "node:fs";
import { access, stat } from "node:fs/promises";
import path from "node:path";
import { toRollyardError } from "../errors/rollyard-error.ts";
import type { DatasetSpec } from "../job/dataset-spec.ts";
import type { JsonObject } from "../lib/json.ts";
import type { FetchDataset } from "./fetch-dataset.ts";
import type { ConfigMapDocument } from "./kubernetes-documents.ts";
import type { DocumentSource } from "./problem.ts";
import { shownPath } from "./shown-path.ts";

/** What a dataset is read from beside its spec. */
export interface DatasetContext {
  /** The document that names the dataset. */
  readonly source: DocumentSource;
  readonly configMaps: readonly ConfigMapDocument[];
  readonly fetchDataset: FetchDataset;
  /** Absolute folder that shown file names count from. */
  readonly cwd: string;
}

/** An opened dataset: rows that are plain already, bytes of JSONL, or a message on why there is nothing to read. */
export type OpenedDataset =
  | { readonly kind: "rows"; readonly rows: readonly JsonObject[] }
  | {
      readonly kind: "jsonl";
      /** What stands in for the file in problems. */
      readonly file: string;
      readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
    }
  | { readonly kind: "refused"; readonly field: string; readonly message: string };

const refused = (field: string, message: string): OpenedDataset => ({ kind: "refused", field, message });

/** Opens the one source that a valid dataset spec names. Never throws for bad input. */
export async function openDataset(spec: DatasetSpec, context: DatasetContext): Promise<OpenedDataset> {
  if (spec.inline !== undefined) return { kind: "rows", rows: spec.inline as JsonObject[] };
  if (spec.file !== undefined) return openFile(spec.file, context);
  if (spec.configMap !== undefined) return openConfigMap(spec.configMap, context);
  if (spec.url !== undefined) return openUrl(spec.url, spec.sha256 ?? "", context);
  return refused("blob", "is for clusters only; a local run reads a file, a url, a ConfigMap or inline rows");
}

async function openFile(file: string, { source, cwd }: DatasetContext): Promise<OpenedDataset> {
  const absolute = path.resolve(source.folder, file);
  const failure = await whyUnreadable(absolute);
  if (failure !== undefined) return refused("file", `${failure}: ${absolute}`);
  return {
    kind: "jsonl",
    file: shownPath(absolute, cwd),
    chunks: createReadStream(absolute) as AsyncIterable<Buffer>,
  };
}

async function whyUnreadable(file: string): Promise<string | undefined> {
  try {
    if (!(await stat(file)).isFile()) return "is not a file";
    await access(file, constants.R_OK);
    return undefined;
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown error";
    return code === "ENOENT" ? "no such file" : `can't be read (${code})`;
  }
}

function openConfigMap(
  { name, key }: NonNullable<DatasetSpec["configMap"]>,
  { configMaps }: DatasetContext,
): OpenedDataset {
  const configMap = configMaps.find(({ metadata }) => metadata.name === name);
  if (configMap === undefined) return refused("configMap", "is not in the given files");
  const text = configMap.data[key];
  const base64 = configMap.binaryData[key];
  if (text === undefined && base64 === undefined) return refused("configMap", "has no such key");
  const bytes = text === undefined ? Buffer.from(base64 ?? "", "base64") : Buffer.from(text, "utf8");
  return { kind: "jsonl", file: `configmap/${name}/${key}`, chunks: [bytes] };
}

async function openUrl(url: string, sha256: string, context: DatasetContext): Promise<OpenedDataset> {
  try {
    return { kind: "jsonl", file: url, chunks: [await context.fetchDataset(url, sha256)] };
  } catch (thrown) {
    return refused("url", toRollyardError(thrown).message);
  }
}
