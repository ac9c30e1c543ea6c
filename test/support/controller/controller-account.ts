import { RELEASE_NAMESPACE } from "../chart/chart-release.ts";
import { installChart } from "../chart/installed-chart.ts";
import { accountKubeconfig } from "../cluster/account-kubeconfig.ts";
import { kubectl } from "../cluster/kubectl.ts";
import type { TestCluster } from "../cluster/test-cluster.ts";

/** The namespace of the controller. */
export const CONTROLLER_NAMESPACE = RELEASE_NAMESPACE;

const ACCOUNT = "rollyard-controller";

/** Makes the controller's account with just the rights that the chart gives it; resolves with a kubeconfig file that has its token. */
export async function controllerKubeconfig(cluster: TestCluster, folder: string): Promise<string> {
  await installChart(cluster);
  // Where no controller manager makes it; probes' pods need one.
  await kubectl(cluster, ["-n", CONTROLLER_NAMESPACE, "create", "serviceaccount", "default"]);
  return accountKubeconfig(cluster, { namespace: CONTROLLER_NAMESPACE, name: ACCOUNT }, folder);
}
