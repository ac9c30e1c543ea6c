import { environmentSpecSchema } from "../../environment/environment.ts";
import type { EnvironmentSpec } from "../../environment/environment.ts";
import type { KubeObject } from "../../kube/kube-object.ts";
import { cachedCustomObject, readSpec } from "../cached-custom-object.ts";
import type { CachedCustomObject } from "../cached-custom-object.ts";
import type { EnvironmentSight } from "./ready-environment.ts";

/** An Environment as the cache has it. */
export type CachedEnvironment = CachedCustomObject<EnvironmentSpec>;

/** What the cache keeps of an Environment: see {@link cachedCustomObject}. */
export function cachedEnvironment(object: KubeObject, before?: CachedEnvironment): CachedEnvironment {
  return cachedCustomObject(object, before, (spec) => readSpec(environmentSpecSchema, spec));
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
