import { createHash } from "node:crypto";
import type { EnvironmentSpec } from "../environment/environment.ts";
import { MUTABLE_JOB_FIELDS } from "../job/rollout-job.ts";
import type { RolloutJobSpec } from "../job/rollout-job.ts";
import { canonicalJson } from "../lib/canonical-json.ts";
import { isJsonObject } from "../lib/json.ts";
import { pathText } from "../lib/schema/path-text.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";

/** What a run is made of: its identity when it is resumed. */
export interface SpecSnapshot {
  readonly job: RolloutJobSpec;
  readonly environment: EnvironmentSpec;
  /** SHA-256 (hex) of the dataset's items. */
  readonly itemsSha256: string;
  /** SHA-256 (hex) of the graders' own files; absent without any. */
  readonly graderAssetsSha256?: string;
}

/**
 * SHA-256 (hex) of a snapshot's canonical JSON. Fields that may change while a job runs
 * (MUTABLE_JOB_FIELDS) don't count, so a resumed run may have another parallelism.
 */
export function specHash(snapshot: SpecSnapshot): string {
  return createHash("sha256")
    .update(canonicalJson(identityOf(snapshot)))
    .digest("hex");
}

/**
 * The fields in which two snapshots differ, in order, such as `job.model.name` or `environment.tools[1].exec.argv`;
 * empty exactly when their hashes are equal. Lists of other lengths are named as a whole.
 */
export function diffSpecs(before: SpecSnapshot, after: SpecSnapshot): readonly string[] {
  return differences(identityOf(before), identityOf(after), []).map(pathText);
}

/** The snapshot as plain JSON without what may change. */
function identityOf({ job, environment, itemsSha256, graderAssetsSha256 }: SpecSnapshot): unknown {
  const mutable: readonly string[] = MUTABLE_JOB_FIELDS;
  const fixed = Object.entries(job).filter(([field]) => !mutable.includes(field));
  const plain = {
    job: Object.fromEntries(fixed),
    environment,
    dataset: { sha256: itemsSha256 },
    ...(graderAssetsSha256 === undefined ? {} : { graderAssets: { sha256: graderAssetsSha256 } }),
  };
  return JSON.parse(JSON.stringify(plain)) as unknown;
}

function differences(before: unknown, after: unknown, path: ValuePath): ValuePath[] {
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((value, index) => differences(value, after[index], [...path, index]));
  }
  if (isJsonObject(before) && isJsonObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
    return keys.flatMap((key) => differences(before[key], after[key], [...path, key]));
  }
  return canonicalJson([before]) === canonicalJson([after]) ? [] : [path];
}
