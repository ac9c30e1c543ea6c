import { join } from "node:path";
import { parse } from "yaml";
import type { JsonObject } from "../../../src/lib/json.ts";
import { kubectlOk } from "../cluster/kubectl.ts";
import type { TestCluster } from "../cluster/test-cluster.ts";
import { findObject, parseObjects } from "./chart-objects.ts";
import type { ChartObject } from "./chart-objects.ts";
import { RELEASE, RELEASE_NAMESPACE } from "./chart-release.ts";
import type { ChartComponent } from "./chart-service.ts";
import { CHART, helmOk, testHelm } from "./test-helm.ts";

/** What the cluster itself has to know; the processes are the test's own. */
const INSTALLED = [
  "CustomResourceDefinition",
  "ServiceAccount",
  "ClusterRole",
  "ClusterRoleBinding",
  "Role",
  "RoleBinding",
];
const VALUES = join(CHART, "ci", "defaults.yaml");

/** The chart's objects with what every installation has to say and nothing more; none where there is no helm. */
export async function chartObjects(): Promise<readonly ChartObject[]> {
  const found = await testHelm();
  if (found.kind === "missing") return [];
  const args = ["template", RELEASE, CHART, "-n", RELEASE_NAMESPACE, "--no-hooks", "-f", VALUES];
  return parseObjects(await helmOk(found, args));
}

/** Installs the chart's kinds, service accounts and rights, and waits until its kinds are served. */
export async function installChart(cluster: TestCluster): Promise<void> {
  const objects = await chartObjects();
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: RELEASE_NAMESPACE } };
  const items = [namespace, ...objects.filter(({ kind }) => INSTALLED.includes(kind))];
  // Server-side, for it warns of nothing when another file of tests has done the same.
  const apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
  await kubectlOk(cluster, apply, { apiVersion: "v1", kind: "List", items });
  const crds = objects.filter(({ kind }) => kind === "CustomResourceDefinition");
  const names = crds.map(({ metadata }) => `crd/${metadata.name}`);
  await kubectlOk(cluster, ["wait", "--for=condition=Established", "--timeout=30s", ...names]);
}

/** The configuration that the chart gives a service, with the addresses of the test's bus. */
export async function chartConfig(
  component: ChartComponent,
  natsServers: readonly string[],
): Promise<JsonObject> {
  const map = findObject(await chartObjects(), "ConfigMap", `${RELEASE}-${component}`);
  const config = parse(map.data?.["config.yaml"] ?? "") as JsonObject & { readonly nats: JsonObject };
  const metrics = { host: "127.0.0.1", port: 0 };
  return { ...config, nats: { ...config.nats, servers: natsServers }, metrics };
}
