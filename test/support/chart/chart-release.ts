import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { kubectlOk } from "../cluster/kubectl.ts";
import type { TestCluster } from "../cluster/test-cluster.ts";
import { parseObjects } from "./chart-objects.ts";
import type { ChartObject } from "./chart-objects.ts";
import { CHART, helm, helmOk } from "./test-helm.ts";
import type { TestHelm } from "./test-helm.ts";

/** Namespace of the release. */
export const RELEASE_NAMESPACE = "rollyard-system";
/** Name of the release. */
export const RELEASE = "rollyard";

const HERE = ["-n", RELEASE_NAMESPACE];
/** No node has it: the processes of the pods are the test's own. */
const NO_NODE = { nodeSelector: { "rollyard.dev/test": "none" } };
const COMPONENTS = ["controller", "worker", "grader", "gateway", "nats"];

/** The chart as it is installed in a test's cluster. */
export class ChartRelease {
  readonly #helm: TestHelm;
  readonly #cluster: TestCluster;
  readonly #folder: string;

  /** `folder` holds the files of values. */
  constructor(found: TestHelm, cluster: TestCluster, folder: string) {
    this.#helm = found;
    this.#cluster = cluster;
    this.#folder = folder;
  }

  /** `helm upgrade --install` with these values over those that every test needs. */
  async install(values: Readonly<Record<string, object>> = {}): Promise<void> {
    const base = {
      image: { repository: "registry.example/rollyard" },
      ...Object.fromEntries(COMPONENTS.map((component) => [component, NO_NODE])),
    };
    const files = await Promise.all(
      [base, values].map(async (each, index) => {
        const file = join(this.#folder, `values-${index}.json`);
        await writeFile(file, JSON.stringify(each));
        return ["-f", file];
      }),
    );
    const args = ["upgrade", "--install", RELEASE, CHART, ...HERE, "--create-namespace", ...files.flat()];
    await helmOk(this.#helm, [...args, ...this.#kubeconfig()]);
  }

  /** The objects that say how the services are run, as the API server has them. */
  async objects(): Promise<readonly ChartObject[]> {
    const kinds = "configmaps,secrets,deployments,statefulsets";
    const selector = `app.kubernetes.io/instance=${RELEASE}`;
    const text = await kubectlOk(this.#cluster, [...HERE, "get", kinds, "-l", selector, "-o", "json"]);
    return (JSON.parse(text) as { readonly items: readonly ChartObject[] }).items;
  }

  /** The objects of `helm test`. */
  async hooks(): Promise<readonly ChartObject[]> {
    return parseObjects(await helmOk(this.#helm, ["get", "hooks", RELEASE, ...HERE, ...this.#kubeconfig()]));
  }

  /** Removes it; rejects when helm does. */
  async uninstall(): Promise<void> {
    const { code, stderr } = await helm(this.#helm, ["uninstall", RELEASE, ...HERE, ...this.#kubeconfig()]);
    if (code !== 0) throw new Error(stderr);
  }

  #kubeconfig(): readonly string[] {
    return ["--kubeconfig", this.#cluster.kubeconfigFile];
  }
}
