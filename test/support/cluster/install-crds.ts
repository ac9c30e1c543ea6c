import { crdDocuments, yamlDocuments } from "../../../src/kube/crds/crd-documents.ts";
import type { TestCluster } from "./test-cluster.ts";
import { kubectlOk } from "./kubectl.ts";

/** Installs our kinds and waits until the API server serves them. */
export async function installCrds(cluster: TestCluster): Promise<void> {
  // Server-side, for it warns of nothing when another file of tests has done the same.
  const apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
  await kubectlOk(cluster, apply, yamlDocuments(crdDocuments().values()));
  const crds = [...crdDocuments().values()].map(({ metadata }) => metadata as { readonly name: string });
  const names = crds.map(({ name }) => `crd/${name}`);
  await kubectlOk(cluster, ["wait", "--for=condition=Established", "--timeout=30s", ...names]);
}
