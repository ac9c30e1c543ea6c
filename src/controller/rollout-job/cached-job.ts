import { z } from "zod";
import { checkSchema } from "../../config/schema-problems.ts";
import { rolloutJobSpecSchema } from "../../job/rollout-job.ts";
import type { RolloutJobSpec } from "../../job/rollout-job.ts";
import { busUid } from "../../kube/bus-uid.ts";
import type { Cached } from "../../kube/cache/object-store.ts";
import { objectKey } from "../../kube/kube-object.ts";
import type { KubeObject } from "../../kube/kube-object.ts";
import { objectOrEmpty } from "../../lib/half-valid.ts";
import type { JsonObject } from "../../lib/json.ts";
import { metaConditionSchema } from "../../lib/schema/meta-condition.ts";
import { pathText } from "../../lib/schema/path-text.ts";

/** One entry of a RolloutJob's `status.conditions`. */
export type MetaCondition = z.output<typeof metaConditionSchema>;

/** A job's spec as it was read. */
export type ReadJobSpec =
  | { readonly ok: true; readonly value: RolloutJobSpec }
  /** A sentence for each problem, with the field's path. */
  | { readonly ok: false; readonly message: string };

/** A RolloutJob as the cache has it: all but the rows of an inline dataset, which may be a megabyte. */
export interface CachedJob extends Cached {
  readonly namespace: string;
  readonly name: string;
  /** Its uid as the bus has it. */
  readonly busUid: string;
  readonly generation: number;
  readonly isDeleting: boolean;
  readonly finalizers: readonly string[];
  readonly spec: ReadJobSpec;
  readonly status: JsonObject;
}

/** An object of the API server with the parts that both our kinds have. */
export interface SpecObject extends KubeObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** What the cache keeps of a job. A spec is read once a generation: `before` is the object as it was cached, if it was. */
export function cachedJob(object: SpecObject, before?: CachedJob): CachedJob {
  const { metadata, spec, status } = object;
  const { uid, name, namespace = "", generation = 0 } = metadata;
  const isSame = before !== undefined && before.uid === uid && before.generation === generation;
  return {
    key: objectKey(metadata),
    uid,
    resourceVersion: metadata.resourceVersion,
    namespace,
    name,
    busUid: busUid(uid),
    generation,
    isDeleting: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? [],
    spec: isSame ? before.spec : withoutRows(readJobSpec(spec)),
    status: objectOrEmpty(status),
  };
}

/** Reads a spec whole. */
export function readJobSpec(spec: unknown): ReadJobSpec {
  const result = checkSchema(rolloutJobSpecSchema, spec ?? {});
  if (result.ok) return result;
  const sentences = result.problems.map(({ path, message }) => `${pathText(["spec", ...path])}: ${message}.`);
  return { ok: false, message: sentences.join(" ") };
}

function withoutRows(read: ReadJobSpec): ReadJobSpec {
  if (!read.ok || read.value.dataset.inline === undefined) return read;
  return { ok: true, value: { ...read.value, dataset: { ...read.value.dataset, inline: [] } } };
}

const conditionsSchema = z.array(metaConditionSchema);

/** The conditions that a status has; none of one that can't be read. */
export function conditionsIn(status: JsonObject): readonly MetaCondition[] {
  const parsed = conditionsSchema.safeParse(status["conditions"] ?? []);
  return parsed.success ? parsed.data : [];
}

/** The condition of a type that is True; undefined when it is not. */
export function trueCondition(status: JsonObject, type: string): MetaCondition | undefined {
  return conditionsIn(status).find((condition) => condition.type === type && condition.status === "True");
}
