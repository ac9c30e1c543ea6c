import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { kubectlOk } from "./kubectl.ts";
import type { TestCluster } from "./test-cluster.ts";

/** A service account. */
export interface TestAccount {
  readonly namespace: string;
  readonly name: string;
}

/** A fresh token of a service account that is there. */
export async function accountToken(cluster: TestCluster, { namespace, name }: TestAccount): Promise<string> {
  return (await kubectlOk(cluster, ["-n", namespace, "create", "token", name])).trim();
}

/** A kubeconfig file that signs in by a token. */
export async function tokenKubeconfig(
  cluster: TestCluster,
  { file, token, namespace }: { readonly file: string; readonly token: string; readonly namespace: string },
): Promise<string> {
  const view = ["config", "view", "--raw", "--flatten", "-o", "json"];
  const config = JSON.parse(await kubectlOk(cluster, view)) as { readonly clusters: readonly object[] };
  const [first] = config.clusters as readonly { readonly name: string }[];
  const own = {
    apiVersion: "v1",
    kind: "Config",
    clusters: config.clusters,
    users: [{ name: "own", user: { token } }],
    contexts: [{ name: "own", context: { cluster: first?.name, user: "own", namespace } }],
    "current-context": "own",
  };
  await writeFile(file, JSON.stringify(own), { mode: 0o600 });
  return file;
}

/** A kubeconfig file of a service account, in a folder. */
export async function accountKubeconfig(
  cluster: TestCluster,
  account: TestAccount,
  folder: string,
): Promise<string> {
  const token = await accountToken(cluster, account);
  const file = join(folder, `${account.namespace}-${account.name}.kubeconfig`);
  return tokenKubeconfig(cluster, { file, token, namespace: account.namespace });
}
