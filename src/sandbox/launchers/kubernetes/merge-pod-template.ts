import { isJsonObject } from "../../../lib/json.ts";
import type { JsonObject, JsonValue } from "../../../lib/json.ts";
import { listOrEmpty, objectOrEmpty } from "../../../lib/half-valid.ts";
import { SANDBOX_CONTAINER } from "./pod-shape.ts";
import type { PodManifest } from "./pod-shape.ts";
import { refusedMounts, refusedVolumes } from "./template-volumes.ts";

/** A pod with what the template adds, or what of the template can't be used: each a sentence that names the field. */
export type MergedPod =
  | { readonly kind: "merged"; readonly pod: PodManifest }
  | { readonly kind: "refused"; readonly reasons: readonly string[] };

/** Where pods run, and how they are chosen: nothing of what they may do. */
const PLACEMENT_FIELDS: readonly string[] = [
  "nodeSelector",
  "affinity",
  "tolerations",
  "topologySpreadConstraints",
  "schedulerName",
  "priorityClassName",
];
const FIELDS = new Set([...PLACEMENT_FIELDS, "volumes", "containers", "hostUsers"]);
/** Annotations can give a pod more networks, devices or no confinement: only those of autoscalers and queues pass. */
const ANNOTATIONS = /^(cluster-autoscaler\.kubernetes\.io|karpenter\.sh|kueue\.x-k8s\.io)\//;
/** Labels that mean something to us or to what changes pods on their way. */
const OWN_LABELS = /^([^/]*\.)?(rollyard\.dev|kubernetes\.io|k8s\.io|istio\.io|linkerd\.io)\//;

/**
 * Merges `spec.sandbox.podTemplate`, a pod template as in a Deployment, into a sandbox's pod. Only what is named here can be
 * added, so that no template, whatever it says, makes a pod that may do more: it can choose nodes, carry labels, and mount
 * volumes that hold no secret and nothing of the node.
 */
export function mergePodTemplate(pod: PodManifest, template: Readonly<Record<string, unknown>>): MergedPod {
  const reasons = refusedFields(template);
  if (reasons.length > 0) return { kind: "refused", reasons };
  const metadata = objectOrEmpty(template["metadata"]);
  const spec = objectOrEmpty(template["spec"]);
  const placement = Object.fromEntries(
    PLACEMENT_FIELDS.filter((name) => spec[name] !== undefined).map((name) => [name, spec[name]]),
  );
  const [container] = pod.spec.containers;
  const [added] = listOrEmpty(spec["containers"]).map(objectOrEmpty);
  const mounts = listOrEmpty(added?.["volumeMounts"]).map(objectOrEmpty);
  return {
    kind: "merged",
    pod: {
      ...pod,
      metadata: {
        ...pod.metadata,
        labels: { ...texts(metadata["labels"]), ...pod.metadata.labels },
        annotations: { ...pod.metadata.annotations, ...texts(metadata["annotations"]) },
      },
      spec: {
        // What a job asks for goes before the template.
        ...placement,
        ...pod.spec,
        ...(spec["hostUsers"] === false ? { hostUsers: false } : {}),
        volumes: [...pod.spec.volumes, ...listOrEmpty(spec["volumes"]).map(objectOrEmpty)],
        containers: [{ ...container, volumeMounts: [...container.volumeMounts, ...mounts] }],
      },
    },
  };
}

function refusedFields(template: Readonly<Record<string, unknown>>): readonly string[] {
  const spec = template["spec"] ?? {};
  const metadata = template["metadata"] ?? {};
  if (!isJsonObject(spec) || !isJsonObject(metadata))
    return ["metadata and spec of podTemplate must be objects."];
  return [
    ...unknown("", template, (name) => name === "metadata" || name === "spec"),
    ...unknown("metadata.", metadata, (name) => name === "labels" || name === "annotations"),
    ...refusedTexts("metadata.labels", metadata["labels"], (name) => !OWN_LABELS.test(name)),
    ...refusedTexts("metadata.annotations", metadata["annotations"], (name) => ANNOTATIONS.test(name)),
    ...unknown("spec.", spec, (name) => FIELDS.has(name)),
    ...(spec["hostUsers"] === undefined || spec["hostUsers"] === false
      ? []
      : ["spec.hostUsers can only be false."]),
    ...refusedVolumes(spec["volumes"]),
    ...refusedContainers(spec),
  ];
}

function unknown(
  place: string,
  object: Readonly<Record<string, unknown>>,
  isAllowed: (name: string) => boolean,
): readonly string[] {
  const names = Object.keys(object).filter((name) => object[name] !== undefined && !isAllowed(name));
  return names.map((name) => `${place}${name} is not allowed.`);
}

function refusedTexts(
  place: string,
  value: JsonValue | undefined,
  isAllowed: (name: string) => boolean,
): readonly string[] {
  if (value === undefined) return [];
  if (!isJsonObject(value)) return [`${place} must be an object.`];
  return Object.entries(value).flatMap(([name, text]) => {
    if (typeof text !== "string") return [`${place}["${name}"] must be a text.`];
    return isAllowed(name) ? [] : [`${place}["${name}"] is not allowed.`];
  });
}

/** A template may name the sandbox's own container, and only to mount its volumes. */
function refusedContainers(spec: JsonObject): readonly string[] {
  const containers = spec["containers"];
  if (containers === undefined) return [];
  const [container, ...others] = listOrEmpty(containers);
  if (!isJsonObject(container) || others.length > 0 || container["name"] !== SANDBOX_CONTAINER)
    return [`spec.containers can only have one entry, named ${SANDBOX_CONTAINER}, with volumeMounts.`];
  const allowed = new Set(["name", "volumeMounts"]);
  return [
    ...unknown(`spec.containers[0].`, container, (name) => allowed.has(name)),
    ...refusedMounts(container["volumeMounts"], listOrEmpty(spec["volumes"])),
  ];
}

function texts(value: JsonValue | undefined): Readonly<Record<string, string>> {
  const entries = Object.entries(objectOrEmpty(value));
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
