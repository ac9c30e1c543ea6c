import { z } from "zod";
import { rolloutJobSpecSchema } from "../../job/rollout-job.ts";
import type { RolloutJobSpec } from "../../job/rollout-job.ts";
import type { JsonObject } from "../../lib/json.ts";
import { metaConditionSchema } from "../../lib/schema/meta-condition.ts";
import { cachedCustomObject, readSpec } from "../cached-custom-object.ts";
import type { CachedCustomObject, ReadSpec, SpecObject } from "../cached-custom-object.ts";

/** One entry of a RolloutJob's `status.conditions`. */
export type MetaCondition = z.output<typeof metaConditionSchema>;

/** A RolloutJob as the cache has it: all but the rows of an inline dataset, which may be a megabyte. */
export type CachedJob = CachedCustomObject<RolloutJobSpec>;

/** What the cache keeps of a job: see {@link cachedCustomObject}. */
export function cachedJob(object: SpecObject, before?: CachedJob): CachedJob {
  return cachedCustomObject(object, before, (spec) => withoutRows(readJobSpec(spec)));
}

/** Reads a spec whole. */
export function readJobSpec(spec: unknown): ReadSpec<RolloutJobSpec> {
  return readSpec(rolloutJobSpecSchema, spec);
}

function withoutRows(read: ReadSpec<RolloutJobSpec>): ReadSpec<RolloutJobSpec> {
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
