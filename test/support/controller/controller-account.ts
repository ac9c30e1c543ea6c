import { fileURLToPath } from "node:url";
import { accountKubeconfig } from "../cluster/account-kubeconfig.ts";
import { kubectl, kubectlOk } from "../cluster/kubectl.ts";
import type { TestCluster } from "../cluster/test-cluster.ts";

/** The namespace of the controller, as `config/rbac` has it. */
export const CONTROLLER_NAMESPACE = "rollyard-system";

const ACCOUNT = "rollyard-controller";
/** The file with the controller's rights. */
export const RIGHTS_FILE = fileURLToPath(new URL("../../../config/rbac/controller.yaml", import.meta.url));

/** Makes the controller's account with just its rights; resolves with a kubeconfig file that has its token. */
export async function controllerKubeconfig(cluster: TestCluster, folder: string): Promise<string> {
  await kubectlOk(cluster, ["apply", "-f", RIGHTS_FILE]);
  // Where no controller manager makes it; probes' pods need one.
  await kubectl(cluster, ["-n", CONTROLLER_NAMESPACE, "create", "serviceaccount", "default"]);
  return accountKubeconfig(cluster, { namespace: CONTROLLER_NAMESPACE, name: ACCOUNT }, folder);
}
