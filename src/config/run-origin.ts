import path from "node:path";
import type { RolloutJob } from "../job/rollout-job.ts";
import type { Environment } from "../environment/environment.ts";
import type { Documents, SourcedDocument } from "./read-documents.ts";

/** Where the documents of a run came from, so that the same rows and folders can be found again. No secret is in it. */
export interface RunOrigin {
  /** Absolute paths of the files that were given, in their order. */
  readonly files: readonly string[];
  /** Absolute folder that relative paths of the job count from. */
  readonly jobFolder: string;
  /** Absolute folder that relative paths of the environment count from. */
  readonly environmentFolder: string;
  /** Absolute path of the file with the ConfigMap that holds the dataset; null for every other dataset. */
  readonly configMapFile: string | null;
}

/** The origin of checked documents. `files` are as given; `cwd` is absolute. */
export function runOrigin(
  files: readonly string[],
  cwd: string,
  found: {
    readonly job: SourcedDocument<RolloutJob>;
    readonly environment: SourcedDocument<Environment>;
    readonly configMaps: Documents["configMaps"];
  },
): RunOrigin {
  const { configMap } = found.job.value.spec.dataset;
  const holder = found.configMaps.find(({ value }) => value.metadata.name === configMap?.name);
  return {
    files: files.map((file) => path.resolve(cwd, file)),
    jobFolder: found.job.source.folder,
    environmentFolder: found.environment.source.folder,
    configMapFile: holder === undefined ? null : path.resolve(cwd, holder.source.file),
  };
}
