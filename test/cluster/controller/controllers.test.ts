import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accountKubeconfig } from "../../support/cluster/account-kubeconfig.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { kubectl, kubectlOk } from "../../support/cluster/kubectl.ts";
import { sampleEnvironment, withValue } from "../../support/cluster/sample-objects.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { CONTROLLER_NAMESPACE } from "../../support/controller/controller-account.ts";
import { startControllersWorld } from "../../support/controller/controllers-world.ts";
import type { ControllersWorld } from "../../support/controller/controllers-world.ts";

const NAMESPACE = "controllers";
const cluster = testCluster();

describe.skipIf(cluster.isMissing)("controllers as processes with their account's rights", () => {
  const here = ["-n", NAMESPACE];
  const only = { watchNamespace: NAMESPACE };
  let world: ControllersWorld;

  beforeAll(async () => {
    await installCrds(cluster);
    await kubectlOk(cluster, ["create", "namespace", NAMESPACE]);
    await kubectlOk(cluster, [...here, "create", "serviceaccount", "default"]);
    world = await startControllersWorld(cluster);
  });

  afterAll(async () => {
    await world?.stop();
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--wait=false"]);
  });

  const holder = (): Promise<string> => {
    const lease = ["get", "lease", "rollyard-controller", "-o", "jsonpath={.spec.holderIdentity}"];
    return kubectlOk(cluster, ["-n", CONTROLLER_NAMESPACE, ...lease]);
  };
  const pods = async (): Promise<number> => {
    const list = await kubectlOk(cluster, [...here, "get", "pods", "-o", "name"]);
    return list.split("\n").filter((line) => line !== "").length;
  };

  it("lead one at a time: hand over when told to end, and end at once when a pause cost them the lease", async () => {
    const first = await world.start("first", only);
    await first.says(/environments and jobs are looked after/);
    const second = await world.start("second", only);
    await second.says(/controller started/);
    expect(await holder()).toBe("first");
    const warm = withValue(sampleEnvironment("shared"), "spec.sandbox.warmReplicas", 2);
    await kubectlOk(cluster, [...here, "apply", "-f", "-"], warm);
    await kubectlOk(cluster, [...here, "wait", "--for=condition=Ready", "--timeout=30s", "renv/shared"]);
    await eventually(pods, (count) => count === 2);
    first.kill("SIGTERM");
    expect(await first.ended).toMatchObject({ code: 0 });
    await second.says(/environments and jobs are looked after/);
    expect(await holder()).toBe("second");
    // What the first one made is taken over: no pod is made beside it, and none is lost.
    await kubectlOk(cluster, [...here, "scale", "renv/shared", "--replicas=3"]);
    await eventually(pods, (count) => count === 3);
    second.kill("SIGSTOP");
    const third = await world.start("third", only);
    await third.says(/environments and jobs are looked after/);
    second.kill("SIGCONT");
    const paused = await second.ended;
    expect(paused.code).toBe(1);
    expect(paused.stdout + paused.stderr).toContain("the lease was lost: this process ends");
    expect(await pods()).toBe(3);
    await kubectlOk(cluster, [...here, "delete", "renv/shared", "--timeout=30s"]);
    expect(await pods()).toBe(0);
  }, 240_000);

  it("end in good order when told to while they still wait for what they begin with", async () => {
    // It can lead, and see nothing of what there is to look after.
    const account = { namespace: NAMESPACE, name: "blind" };
    await kubectlOk(cluster, [...here, "create", "serviceaccount", account.name]);
    const own = ["--verb=get,create,update", "--resource=leases.coordination.k8s.io,secrets"];
    await kubectlOk(cluster, [...here, "create", "role", account.name, ...own]);
    const subject = `--serviceaccount=${NAMESPACE}:${account.name}`;
    await kubectlOk(cluster, [...here, "create", "rolebinding", "blind", "--role=blind", subject]);
    const folder = await mkdtemp(join(tmpdir(), "rollyard-blind-"));
    const kubeconfig = await accountKubeconfig(cluster, account, folder);
    const blind = await world.start("blind", { ...only, namespace: NAMESPACE, kubeconfig });
    await blind.says(/a list of the api server failed/);
    blind.kill("SIGTERM");
    const { code, stdout, stderr } = await blind.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("told to end before all was looked after");
    await rm(folder, { recursive: true });
  });

  it("say what is wrong with their configuration", async () => {
    const wrong = await world.start("wrong", { sandboxdImage: "", network: { blockedRanges: ["10.0.0.0"] } });
    const end = await wrong.ended;
    expect(end.code).toBe(2);
    expect(end.stderr).toMatch(/sandboxdImage.*must be an image/u);
    expect(end.stderr).toMatch(/network\.blockedRanges\[0\].*must be a range of addresses/u);
  });
});
