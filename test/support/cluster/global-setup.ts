import type { TestProject } from "vitest/node";
import { ensureControlPlane } from "../../../scripts/lib/control-plane.mjs";
import { ensureHelm } from "../../../scripts/lib/helm.mjs";
import { findPlaces } from "../../../scripts/lib/places.mjs";
import { SetupError } from "../../../scripts/lib/setup-error.mjs";
import { startControlPlane } from "./control-plane.ts";
import type { ProvidedCluster } from "./test-cluster.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly cluster: ProvidedCluster;
  }
}

/** One control plane for all files of the tier, or the reason why there is none: then its tests are skipped. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env["ROLLYARD_TEST_KUBECONFIG"];
  try {
    const places = findPlaces();
    const kubectl = (await ensureControlPlane(places, ["kubectl"])).kubectl;
    // What tests install is the chart's.
    await ensureHelm(places);
    if (given !== undefined && given !== "") {
      project.provide("cluster", { kind: "ready", kubeconfigFile: given, kubectl, isOurs: false });
      return async () => undefined;
    }
    const plane = await startControlPlane(await ensureControlPlane(places, ["etcd", "kube-apiserver"]));
    project.provide("cluster", {
      kind: "ready",
      kubeconfigFile: plane.kubeconfigFile,
      kubectl,
      isOurs: true,
    });
    return () => plane.stop();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`cluster tests are skipped: ${error.message}\n`);
    project.provide("cluster", { kind: "missing", reason: error.message });
    return async () => undefined;
  }
}
