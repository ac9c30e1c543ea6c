import { RollyardError } from "../../errors/rollyard-error.ts";
import { NETWORK_POLICIES } from "../../kube/api-resources.ts";
import type { Cached } from "../../kube/cache/object-store.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import { objectKey } from "../../kube/kube-object.ts";
import type { KubeObject } from "../../kube/kube-object.ts";
import type { WriteResult } from "../../kube/write-result.ts";
import type { Clock } from "../../lib/clock.ts";
import type { JsonObject } from "../../lib/json.ts";
import { networkPolicy, policyDigest, policyName } from "./network-policy.ts";
import type { PolicyOwner, PolicySettings } from "./network-policy.ts";

/** A policy as the cache has it. */
export interface CachedPolicy extends Cached {
  readonly digest: string;
}

/** What the cache keeps of a policy. */
export function cachedPolicy(object: KubeObject): CachedPolicy {
  const { uid, resourceVersion } = object.metadata;
  return { key: objectKey(object.metadata), uid, resourceVersion, digest: policyDigest(plain(object)) };
}

/** Key of an Environment's policy in the cache. */
export function policyKey({ namespace, name }: Pick<PolicyOwner, "namespace" | "name">): string {
  return objectKey({ namespace, name: policyName(name) });
}

/** What the keeper works with. */
export interface PolicyKeeperOptions {
  readonly client: KubeClient;
  /** The policies of ours, as the cache has them. */
  readonly policies: { get(key: string): CachedPolicy | undefined };
  readonly settings: PolicySettings;
  readonly clock: Clock;
}

/** Until then a cache that does not show what was just written is taken for late. */
const LATE_MS = 5000;

/** Keeps one NetworkPolicy for each Environment as it should be, whatever others do to it. */
export class PolicyKeeper {
  readonly #options: PolicyKeeperOptions;
  readonly #written = new Map<string, { readonly digest: string; readonly atMs: number }>();

  constructor(options: PolicyKeeperOptions) {
    this.#options = options;
  }

  /** Whether the Environment's policy is as it should be. */
  isRight(owner: PolicyOwner, network: "none" | "open"): boolean {
    const key = policyKey(owner);
    const wanted = policyDigest(networkPolicy(owner, network, this.#options.settings));
    return this.#options.policies.get(key)?.digest === wanted || this.#wasJustWritten(key, wanted);
  }

  /** The cache has told of a change of this policy: it is no longer late. */
  sawChange(key: string): void {
    this.#written.delete(key);
  }

  /** Makes the policy what it should be. Rejects with `kube_refused` when the API server does not take it. */
  async write(owner: PolicyOwner, network: "none" | "open"): Promise<void> {
    const { client, clock, settings } = this.#options;
    const policy = networkPolicy(owner, network, settings);
    const result = await client.create<KubeObject>(NETWORK_POLICIES, { namespace: owner.namespace }, policy);
    if (result.kind === "exists") await this.#replace(owner, policy);
    else orRefused(result);
    this.#written.set(policyKey(owner), { digest: policyDigest(policy), atMs: clock.monotonicMs() });
  }

  /** Removes the policy; one that is gone is well. Rejects with `kube_refused`. */
  async remove(owner: PolicyOwner): Promise<void> {
    const { namespace, name } = owner;
    this.#written.delete(policyKey(owner));
    const place = { namespace, name: policyName(name) };
    const result = await this.#options.client.delete(NETWORK_POLICIES, place);
    if (result.kind !== "missing") orRefused(result);
  }

  #wasJustWritten(key: string, digest: string): boolean {
    const written = this.#written.get(key);
    return written?.digest === digest && this.#options.clock.monotonicMs() - written.atMs < LATE_MS;
  }

  async #replace({ namespace, name }: PolicyOwner, policy: JsonObject): Promise<void> {
    const { client } = this.#options;
    const place = { namespace, name: policyName(name) };
    const found = await client.get<KubeObject>(NETWORK_POLICIES, place);
    if (found !== null && policyDigest(plain(found)) === policyDigest(policy)) return;
    const version = found === null ? {} : { resourceVersion: found.metadata.resourceVersion };
    const object = { ...policy, metadata: { ...place, ...plainMetadata(policy), ...version } };
    orRefused(await client.replace<KubeObject>(NETWORK_POLICIES, place, object as unknown as KubeObject));
  }
}

/** What another writer was faster at is seen by the next look. */
function orRefused(result: WriteResult<unknown>): void {
  if (result.kind === "done") return;
  const message =
    result.kind === "forbidden" || result.kind === "invalid" ? result.message : "it was changed meanwhile";
  throw new RollyardError("kube_refused", {
    message: `The sandboxes' NetworkPolicy can't be written or removed: ${message}`,
    details: { answer: result.kind },
  });
}

function plain(object: KubeObject): JsonObject {
  return object as unknown as JsonObject;
}

function plainMetadata(policy: JsonObject): JsonObject {
  return policy["metadata"] as JsonObject;
}
