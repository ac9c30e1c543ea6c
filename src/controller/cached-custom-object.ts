import type { z } from "zod";
import { checkSchema } from "../config/schema-problems.ts";
import { busUid } from "../kube/bus-uid.ts";
import type { Cached } from "../kube/cache/object-store.ts";
import { objectKey } from "../kube/kube-object.ts";
import type { KubeObject } from "../kube/kube-object.ts";
import { objectOrEmpty } from "../lib/half-valid.ts";
import type { JsonObject } from "../lib/json.ts";
import { pathText } from "../lib/schema/path-text.ts";

/** A spec as it was read. */
export type ReadSpec<Spec> =
  | { readonly ok: true; readonly value: Spec }
  /** A sentence for each problem, with the field's path. */
  | { readonly ok: false; readonly message: string };

/** An object of one of our kinds as the cache has it. */
export interface CachedCustomObject<Spec> extends Cached {
  readonly namespace: string;
  readonly name: string;
  /** Its uid as the bus has it. */
  readonly busUid: string;
  readonly generation: number;
  readonly isDeleting: boolean;
  readonly finalizers: readonly string[];
  readonly spec: ReadSpec<Spec>;
  readonly status: JsonObject;
}

/** An object of the API server with the parts that both our kinds have. */
export interface SpecObject extends KubeObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** What the cache keeps of an object. A spec is read once a generation: `before` is the object as it was cached, if it was. */
export function cachedCustomObject<Spec>(
  { metadata, spec, status }: SpecObject,
  before: CachedCustomObject<Spec> | undefined,
  read: (spec: unknown) => ReadSpec<Spec>,
): CachedCustomObject<Spec> {
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
    spec: isSame ? before.spec : read(spec),
    status: objectOrEmpty(status),
  };
}

/** Reads a spec by its schema. */
export function readSpec<Spec>(schema: z.ZodType<Spec>, spec: unknown): ReadSpec<Spec> {
  const result = checkSchema(schema, spec ?? {});
  if (result.ok) return result;
  const sentences = result.problems.map(({ path, message }) => `${pathText(["spec", ...path])}: ${message}.`);
  return { ok: false, message: sentences.join(" ") };
}
