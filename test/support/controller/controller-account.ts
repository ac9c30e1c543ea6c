import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
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
  const token = await kubectlOk(cluster, ["-n", CONTROLLER_NAMESPACE, "create", "token", ACCOUNT]);
  const view = ["config", "view", "--raw", "--flatten", "-o", "json"];
  const config = JSON.parse(await kubectlOk(cluster, view)) as { readonly clusters: readonly object[] };
  const [first] = config.clusters as readonly { readonly name: string }[];
  const context = { cluster: first?.name, user: ACCOUNT, namespace: CONTROLLER_NAMESPACE };
  const own = {
    apiVersion: "v1",
    kind: "Config",
    clusters: config.clusters,
    users: [{ name: ACCOUNT, user: { token: token.trim() } }],
    contexts: [{ name: ACCOUNT, context }],
    "current-context": ACCOUNT,
  };
  const file = join(folder, "controller.kubeconfig");
  await writeFile(file, JSON.stringify(own), { mode: 0o600 });
  return file;
}
