import { checkSchema } from "../../config/schema-problems.ts";
import { environmentSpecSchema } from "../../environment/environment.ts";
import type { EnvironmentSpec } from "../../environment/environment.ts";
import { busUid } from "../../kube/bus-uid.ts";
import type { Cached } from "../../kube/cache/object-store.ts";
import type { KubeObject } from "../../kube/kube-object.ts";
import { objectKey } from "../../kube/kube-object.ts";
import { objectOrEmpty } from "../../lib/half-valid.ts";
import type { JsonObject } from "../../lib/json.ts";
import { pathText } from "../../lib/schema/path-text.ts";
import type { EnvironmentSight } from "./ready-environment.ts";

/** A spec as it was read. */
export type ReadSpec =
  | { readonly ok: true; readonly value: EnvironmentSpec }
  /** A sentence for each problem, with the field's path. */
  | { readonly ok: false; readonly message: string };

/** An Environment as the cache has it. */
export interface CachedEnvironment extends Cached {
  readonly namespace: string;
  readonly name: string;
  /** Its uid as the bus has it. */
  readonly busUid: string;
  readonly generation: number;
  readonly isDeleting: boolean;
  readonly finalizers: readonly string[];
  readonly spec: ReadSpec;
  readonly status: JsonObject;
}

/**
 * What the cache keeps of an Environment. A spec is read once a generation: `before` is the object as it was cached,
 * if it was.
 */
export function cachedEnvironment(object: KubeObject, before?: CachedEnvironment): CachedEnvironment {
  const { metadata } = object;
  const { uid, name, namespace = "", generation = 0 } = metadata;
  const isSame = before !== undefined && before.uid === uid && before.generation === generation;
  const { spec, status } = object as KubeObject & { readonly spec?: unknown; readonly status?: unknown };
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
    spec: isSame ? before.spec : readSpec(spec),
    status: objectOrEmpty(status),
  };
}

/** How the Environment stands to those who want to use it. */
export function sightOf(cached: CachedEnvironment | undefined): EnvironmentSight {
  if (cached === undefined) return { kind: "missing" };
  if (!cached.spec.ok) return { kind: "invalid", message: cached.spec.message };
  const { namespace, name, generation } = cached;
  const environment = {
    uid: cached.busUid,
    objectUid: cached.uid,
    namespace,
    name,
    generation,
    spec: cached.spec.value,
    isTerminating: cached.isDeleting,
  };
  return { kind: "ready", environment };
}

function readSpec(spec: unknown): ReadSpec {
  const result = checkSchema(environmentSpecSchema, spec ?? {});
  if (result.ok) return result;
  const sentences = result.problems.map(({ path, message }) => `${pathText(["spec", ...path])}: ${message}.`);
  return { ok: false, message: sentences.join(" ") };
}
