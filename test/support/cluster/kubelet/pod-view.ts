import type { Cached } from "../../../../src/kube/cache/object-store.ts";
import { objectKey } from "../../../../src/kube/kube-object.ts";
import type { KubeObject } from "../../../../src/kube/kube-object.ts";

/** A container as far as a node looks at it. */
export interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly workingDir?: string;
}

interface Pod extends KubeObject {
  readonly spec: { readonly containers: readonly PodContainer[] };
  readonly status?: { readonly phase?: string };
}

/** What a node keeps of a pod that was given to it. */
export interface PodView extends Cached {
  readonly namespace: string;
  readonly name: string;
  readonly phase: string;
  readonly isDeleted: boolean;
  readonly containers: readonly PodContainer[];
}

/** See {@link PodView}. */
export function podView(object: KubeObject): PodView {
  const { metadata, spec, status } = object as Pod;
  return {
    key: objectKey(metadata),
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    phase: status?.phase ?? "Pending",
    isDeleted: metadata.deletionTimestamp !== undefined,
    containers: spec.containers,
  };
}
