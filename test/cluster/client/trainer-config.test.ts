import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { kubectl, kubectlOk } from "../../support/cluster/kubectl.ts";
import { sampleEnvironment } from "../../support/cluster/sample-objects.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { startCli } from "../../support/run/run-cli.ts";
import type { CliEnd } from "../../support/run/run-cli.ts";

const NAMESPACE = "trainer-config";
const cluster = testCluster();

function config(name: string): Promise<CliEnd> {
  const place = ["-n", NAMESPACE, "--kubeconfig", cluster.kubeconfigFile];
  return startCli(["trainer", "config", name, ...place, "--url", "https://rollouts.example.com"]).ended;
}

async function create(name: string, fields: object): Promise<void> {
  const { spec, ...environment } = sampleEnvironment(name);
  const object = { ...environment, spec: { ...(spec as object), tools: [{ preset: "shell" }], ...fields } };
  await kubectlOk(cluster, ["apply", "-n", NAMESPACE, "-f", "-"], JSON.stringify(object));
}

describe.skipIf(cluster.isMissing)("rollyard trainer config of a cluster's environment", () => {
  const serve = { enabled: true, authSecret: { name: "trainer", key: "key" } };

  beforeAll(async () => {
    await installCrds(cluster);
    await kubectlOk(cluster, ["create", "namespace", NAMESPACE]);
    await create("served", { serve });
    await create("idle", {});
  });

  afterAll(async () => {
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--wait=false"]);
  });

  it("prints the blocks of one that is served, and where its key is", async () => {
    const end = await config("served");
    expect(end.code).toBe(0);
    expect(end.stderr).toContain("The key is in the Secret trainer-config/trainer, key key");
    const base = "https://rollouts.example.com/v1/environments/trainer-config/served";
    expect(JSON.parse(end.stdout)).toMatchObject({
      tools: [{ name: "shell", server_url: `${base}/tools/shell` }],
      grader: { type: "endpoint", url: `${base}/grade` },
    });
  });

  it("refuses one that is not served, and one that is not there", async () => {
    const idle = await config("idle");
    expect(idle).toMatchObject({ code: 2, stdout: "" });
    expect(idle.stderr).toContain('The Environment "idle" is not served: set spec.serve.enabled: true');
    const missing = await config("missing");
    expect(missing).toMatchObject({ code: 2, stdout: "" });
    expect(missing.stderr).toContain('There is no Environment "missing" in the namespace "trainer-config".');
  });
});
