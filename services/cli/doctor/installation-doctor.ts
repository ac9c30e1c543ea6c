import { toRollyardError } from "../../../src/errors/rollyard-error.ts";
import { CUSTOM_RESOURCE_DEFINITIONS, DEPLOYMENTS } from "../../../src/kube/api-resources.ts";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import type { ApiResource, ResourcePlace } from "../../../src/kube/resource-path.ts";
import { listOrEmpty, objectOrEmpty, textOrUndefined } from "../../../src/lib/half-valid.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import type { Cluster } from "../cluster/connect-cluster.ts";
import type { InstallationFacts, InstalledCrd, InstalledService } from "./diagnose-installation.ts";

interface Versioned extends KubeObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}

const VERSION = "app.kubernetes.io/version";
const RELEASE = "app.kubernetes.io/instance";
const OURS = { labelSelector: "app.kubernetes.io/part-of=rollyard" };

/**
 * Gathers what is installed where the gateway is; null when nothing is, or it may not be looked at. Rejects with
 * `kube_unreachable` and its like.
 */
export async function gatherInstallation(
  { client, installedIn }: Pick<Cluster, "client" | "installedIn">,
  commandLine: string,
): Promise<InstallationFacts | null> {
  const found = await listAllowed(client, DEPLOYMENTS, { namespace: installedIn });
  const services = (found ?? []).flatMap(serviceOf);
  if (services.length === 0) return null;
  const crds = await listAllowed(client, CUSTOM_RESOURCE_DEFINITIONS);
  return { namespace: installedIn, commandLine, services, crds: crds?.flatMap(crdOf) ?? null };
}

async function listAllowed(
  client: Cluster["client"],
  resource: ApiResource,
  place: ResourcePlace = {},
): Promise<readonly Versioned[] | null> {
  try {
    const list = await client.list<Versioned>(resource, place, OURS);
    return list?.items ?? null;
  } catch (error) {
    if (toRollyardError(error).code === "kube_refused") return null;
    throw error;
  }
}

function serviceOf({ metadata, spec, status }: Versioned): readonly InstalledService[] {
  const version = metadata.labels?.[VERSION];
  if (version === undefined) return [];
  const release = metadata.labels?.[RELEASE] ?? "rollyard";
  const rollout = rolloutOf(metadata.generation, objectOrEmpty(spec), objectOrEmpty(status));
  return [{ name: metadata.name, release, version, imageTag: imageTagOf(objectOrEmpty(spec)), rollout }];
}

function crdOf({ metadata }: Versioned): readonly InstalledCrd[] {
  const version = metadata.labels?.[VERSION];
  return version === undefined ? [] : [{ name: metadata.name, version }];
}

/** The image's tag of the first container, behind a registry's port and before a digest. */
function imageTagOf(spec: JsonObject): string | null {
  const pod = objectOrEmpty(objectOrEmpty(spec["template"])["spec"]);
  const [container] = listOrEmpty(pod["containers"]);
  const image = textOrUndefined(objectOrEmpty(container)["image"]) ?? "";
  return /:([^:/]+)$/u.exec(image.replace(/@.*$/u, ""))?.[1] ?? null;
}

/** As `kubectl rollout status` tells; of one that no controller has looked at there is nothing to tell. */
function rolloutOf(
  generation: number | undefined,
  spec: JsonObject,
  status: JsonObject,
): InstalledService["rollout"] {
  const { observedGeneration } = status;
  if (typeof observedGeneration !== "number") return "done";
  if (observedGeneration < (generation ?? 0)) return "under_way";
  const conditions = listOrEmpty(status["conditions"]).map(objectOrEmpty);
  if (conditions.some(({ reason }) => reason === "ProgressDeadlineExceeded")) return "stuck";
  const updated = numberOf(status["updatedReplicas"]);
  const isWhole = updated >= numberOf(spec["replicas"]) && updated >= numberOf(status["replicas"]);
  return isWhole ? "done" : "under_way";
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
