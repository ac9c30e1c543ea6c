import { ensureControlPlane } from "../../../scripts/lib/control-plane.mjs";
import { findPlaces } from "../../../scripts/lib/places.mjs";
import { startControlPlane } from "./control-plane.ts";
import type { ControlPlane } from "./control-plane.ts";

/** A control plane of a test's own, which it may kill, stop and fill. */
export async function ownControlPlane(): Promise<ControlPlane> {
  return startControlPlane(await ensureControlPlane(findPlaces(), ["etcd", "kube-apiserver"]));
}
