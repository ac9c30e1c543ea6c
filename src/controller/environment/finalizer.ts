import { RollyardError } from "../../errors/rollyard-error.ts";
import { ENVIRONMENTS } from "../../kube/api-resources.ts";
import { API_GROUP } from "../../kube/api-group.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import type { CachedEnvironment } from "./cached-environment.ts";

/** Keeps a deleted Environment until nobody uses it and its sandboxes are gone. */
export const FINALIZER = `${API_GROUP}/sandboxes`;

/** Adds or takes away our finalizer; another version of the object, or none, is left to the next look. */
export async function writeFinalizer(
  client: KubeClient,
  { namespace, name, resourceVersion, finalizers }: CachedEnvironment,
  isWanted: boolean,
): Promise<void> {
  const others = finalizers.filter((each) => each !== FINALIZER);
  const metadata = { resourceVersion, finalizers: isWanted ? [...others, FINALIZER] : others };
  const result = await client.patch(ENVIRONMENTS, { namespace, name }, { body: { metadata } });
  if (result.kind !== "forbidden" && result.kind !== "invalid") return;
  throw new RollyardError("kube_refused", {
    message: `The Environment's finalizer can't be written: ${result.message}`,
  });
}
