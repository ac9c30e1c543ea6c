import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { EnvironmentSpec } from "../environment/environment.ts";
import { commandGraders } from "../grader/command/command-graders.ts";
import { assetsKey } from "../grader/command/grader-file.ts";
import type { AssetsSource, GraderAssets, GraderFile } from "../grader/command/grader-file.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";

/** Most of the files of one grader together: they travel with the job's snapshot. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_FILES = 1000;

/** A ConfigMap's content. */
export interface AssetsConfigMap {
  readonly data?: Readonly<Record<string, string>> | undefined;
  readonly binaryData?: Readonly<Record<string, string>> | undefined;
}

/** Where the files of graders come from. */
export interface AssetsPlaces {
  /** The absolute folder of a path; null where there are no folders, on a cluster. */
  readonly folderOf: ((path: string) => string) | null;
  /** Null when there is none of that name. */
  readonly configMapOf: (name: string) => Promise<AssetsConfigMap | null>;
}

/** The files of an environment's graders, and what stands against them. Problems count from `spec.grader`. */
export interface LoadedAssets {
  readonly assets: GraderAssets;
  readonly problems: readonly SpecProblem[];
}

/** Reads the own files of an environment's `command` graders. Rejects only as `configMapOf` does. */
export async function loadGraderAssets(
  { grader }: Pick<EnvironmentSpec, "grader">,
  places: AssetsPlaces,
): Promise<LoadedAssets> {
  const assets = new Map<string, readonly GraderFile[]>();
  const problems: SpecProblem[] = [];
  for (const { spec, path: at } of commandGraders(grader)) {
    if (spec.assets === undefined) continue;
    const read = await readAssets(spec.assets, places);
    if (typeof read === "string") problems.push({ path: [...at, "assets"], message: read });
    else assets.set(assetsKey(spec.assets), read);
  }
  return { assets, problems };
}

async function readAssets(
  source: AssetsSource,
  places: AssetsPlaces,
): Promise<readonly GraderFile[] | string> {
  const files = await readFiles(source, places);
  if (typeof files === "string") return files;
  const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
  if (files.length > MAX_FILES) return `has more than ${MAX_FILES} files`;
  if (bytes > MAX_BYTES)
    return "is larger than 4 MiB; a grader's own image (spec.graderRuntime.image) may hold more";
  return files.length === 0 ? "holds no file" : files;
}

async function readFiles(source: AssetsSource, { folderOf, configMapOf }: AssetsPlaces) {
  if (source.path === undefined) {
    const name = source.configMap ?? "";
    const configMap = await configMapOf(name);
    return configMap === null ? `names ConfigMap "${name}", which is not there` : filesOfConfigMap(configMap);
  }
  if (folderOf === null) return "path is for local runs only: on a cluster put the files into a ConfigMap";
  return filesOfFolder(folderOf(source.path));
}

function filesOfConfigMap({ data = {}, binaryData = {} }: AssetsConfigMap): readonly GraderFile[] {
  const file = (name: string, content: Uint8Array): GraderFile => ({
    path: name,
    content,
    isExecutable: false,
  });
  return [
    ...Object.entries(data).map(([name, text]) => file(name, Buffer.from(text, "utf8"))),
    ...Object.entries(binaryData).map(([name, base64]) => file(name, Buffer.from(base64, "base64"))),
  ];
}

async function filesOfFolder(folder: string): Promise<readonly GraderFile[] | string> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name));
    if (files.length > MAX_FILES) return `has more than ${MAX_FILES} files: ${folder}`;
    return await Promise.all(files.toSorted().map((file) => readOne(file, folder)));
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown error";
    return code === "ENOENT" || code === "ENOTDIR"
      ? `is not a folder: ${folder}`
      : `can't be read (${code}): ${folder}`;
  }
}

async function readOne(file: string, folder: string): Promise<GraderFile> {
  const { mode, size } = await stat(file);
  const content = size > MAX_BYTES ? new Uint8Array(size) : await readFile(file);
  return {
    path: path.relative(folder, file).split(path.sep).join("/"),
    content,
    isExecutable: (mode & 0o100) !== 0,
  };
}
