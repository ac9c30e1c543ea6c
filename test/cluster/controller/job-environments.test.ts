import { afterAll, beforeAll, describe } from "vitest";
import { kubeconfigCredentials } from "../../../src/kube/transport/kubeconfig.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { kubectl, kubectlOk } from "../../support/cluster/kubectl.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { startEnvironments } from "../../support/controller/environments-world.ts";
import { describeJobEnvironments } from "../../support/controller/environments-contract.ts";
import type { EnvironmentsStart } from "../../support/controller/environments-contract.ts";
import { KnownEnvironments } from "../../support/controller/known-environments.ts";

const NAMESPACE = "job-environments";
const cluster = testCluster();
const here = ["-n", NAMESPACE];

describe.skipIf(cluster.isMissing)("on an API server", () => {
  beforeAll(async () => {
    await installCrds(cluster);
    await kubectlOk(cluster, ["create", "namespace", NAMESPACE]);
  });

  afterAll(() => kubectl(cluster, ["delete", "namespace", NAMESPACE, "--wait=false"]));

  /** Once the controller has it: before, nobody asks it whether it may go. */
  const startDeleting = async (name: string): Promise<void> => {
    const kept = "--for=jsonpath={.metadata.finalizers[0]}=rollyard.dev/sandboxes";
    await kubectlOk(cluster, [...here, "wait", kept, `environment/${name}`, "--timeout=30s"]);
    await kubectlOk(cluster, [...here, "delete", "environment", name, "--wait=false"]);
  };

  const open = async (): Promise<EnvironmentsStart> => {
    const { environments, stop } = await startEnvironments(
      await kubeconfigCredentials(cluster.kubeconfigFile),
      NAMESPACE,
    );
    return {
      environments,
      namespace: NAMESPACE,
      put: (name, spec) =>
        kubectlOk(cluster, [...here, "apply", "-f", "-"], {
          apiVersion: "rollyard.dev/v1alpha1",
          kind: "Environment",
          metadata: { name },
          spec,
        }),
      delete: startDeleting,
      remove: async (name) => {
        await startDeleting(name);
        const body = JSON.stringify({ metadata: { finalizers: null } });
        await kubectlOk(cluster, [...here, "patch", "environment", name, "--type=merge", "-p", body]);
      },
      close: async () => {
        environments.holdsAreKnown();
        await kubectlOk(cluster, [...here, "delete", "environment", "--all", "--timeout=30s"]);
        await stop();
      },
    };
  };

  describeJobEnvironments("of the controller", open);
});

describeJobEnvironments("of tests", async () => {
  const environments = new KnownEnvironments();
  const namespace = NAMESPACE;
  return {
    environments,
    namespace,
    put: async (name, spec) => environments.put(namespace, name, spec),
    delete: async (name) => environments.delete(namespace, name),
    remove: async (name) => environments.remove(namespace, name),
    close: async () => undefined,
  };
});
