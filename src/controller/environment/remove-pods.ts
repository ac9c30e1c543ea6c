import { RollyardError } from "../../errors/rollyard-error.ts";
import { PODS } from "../../kube/api-resources.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import { LABELS } from "../../kube/labels.ts";
import type { PolicyOwner } from "./network-policy.ts";

/** Pods that are asked for at a time; the rest is seen by the next look. */
const PAGE = 500;

/**
 * Deletes what pods of an Environment there are, by a list of the API server itself: whoever asks wants no cache's word.
 * Resolves with how many there were; 0 means that all are gone. Rejects with `kube_refused`.
 */
export async function removePods(client: KubeClient, owner: Omit<PolicyOwner, "uid">): Promise<number> {
  const { namespace, busUid } = owner;
  const labelSelector = `${LABELS.environmentUid}=${busUid}`;
  const list = await client.list(PODS, { namespace }, { labelSelector, limit: PAGE });
  if (list === null) throw new RollyardError("kube_unreachable", { details: { status: 410 } });
  const going = list.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  for (const { metadata } of going) {
    const preconditions = { uid: metadata.uid };
    const place = { namespace, name: metadata.name };
    const result = await client.delete(PODS, place, { preconditions, gracePeriodSeconds: 0 });
    if (result.kind === "forbidden" || result.kind === "invalid") {
      throw new RollyardError("kube_refused", { message: `A pod can't be removed: ${result.message}` });
    }
  }
  return list.items.length;
}
