import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { kubeconfigCredentials } from "../../../src/kube/transport/kubeconfig.ts";
import { isJsonObject } from "../../../src/lib/json.ts";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import { listOrEmpty, objectOrEmpty } from "../../../src/lib/half-valid.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { kubectl, kubectlOk } from "../../support/cluster/kubectl.ts";
import { sampleEnvironment, withValue } from "../../support/cluster/sample-objects.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { startEnvironments } from "../../support/controller/environments-world.ts";
import type { EnvironmentsWorld } from "../../support/controller/environments-world.ts";
import type { MemoryBroker } from "../../support/controller/memory-broker.ts";

const NAMESPACE = "environments";
const cluster = testCluster();

describe.skipIf(cluster.isMissing)("Environments on a real API server", () => {
  const here = ["-n", NAMESPACE];
  let world: EnvironmentsWorld;

  beforeAll(async () => {
    await installCrds(cluster);
    await kubectlOk(cluster, ["create", "namespace", NAMESPACE]);
    await kubectlOk(cluster, [...here, "create", "serviceaccount", "default"]);
    world = await startEnvironments(await kubeconfigCredentials(cluster.kubeconfigFile), NAMESPACE);
    world.environments.holdsAreKnown();
  });

  afterEach(async () => {
    await kubectlOk(cluster, [...here, "delete", "environment", "--all", "--timeout=30s"]);
  });

  afterAll(async () => {
    await world?.stop();
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--wait=false"]);
  });

  const apply = (environment: JsonObject): Promise<string> =>
    kubectlOk(cluster, [...here, "apply", "-f", "-"], environment);
  const get = async (kind: string, name: string): Promise<JsonObject | null> => {
    const end = await kubectl(cluster, [...here, "get", kind, name, "-o", "json"]);
    return end.code === 0 ? (JSON.parse(end.stdout) as JsonObject) : null;
  };
  const condition = async (name: string, type: string): Promise<JsonObject> => {
    const { conditions } = objectOrEmpty((await get("environment", name))?.["status"]);
    return objectOrEmpty(listOrEmpty(conditions).find((each) => isJsonObject(each) && each["type"] === type));
  };
  const says = (name: string, type: string, wanted: JsonObject): Promise<JsonObject> =>
    eventually(
      () => condition(name, type),
      (seen) => Object.entries(wanted).every(([field, value]) => seen[field] === value),
    );
  const eventsOf = async (name: string): Promise<readonly JsonObject[]> => {
    const selector = `involvedObject.name=${name},involvedObject.kind=Environment`;
    const list = await kubectlOk(cluster, [
      ...here,
      "get",
      "events",
      "--field-selector",
      selector,
      "-o",
      "json",
    ]);
    return listOrEmpty((JSON.parse(list) as JsonObject)["items"]).map(objectOrEmpty);
  };
  const saysEvent = (name: string, reason: string): Promise<unknown> =>
    eventually(
      () => eventsOf(name),
      (events) => events.some((event) => event["reason"] === reason),
    );
  const broker = (name: string): MemoryBroker => {
    const found = world.brokers.get(name);
    if (found === undefined) throw new Error(`no broker of ${name}`);
    return found;
  };
  const policySpec = async (name: string): Promise<JsonValue | undefined> =>
    (await get("networkpolicy", `rollyard-${name}`))?.["spec"];

  it("are served behind a policy that shuts their sandboxes off, with a status that says so", async () => {
    await apply(sampleEnvironment("served"));
    await says("served", "Ready", { status: "True", reason: "Serving" });
    await saysEvent("served", "Ready");
    const environment = objectOrEmpty(await get("environment", "served"));
    const uid = broker("served").environmentUid;
    expect(environment["status"]).toMatchObject({
      observedGeneration: 1,
      ready: 0,
      replicas: 0,
      selector: `rollyard.dev/environment-uid=${uid}`,
    });
    expect(objectOrEmpty(environment["metadata"])["finalizers"]).toEqual(["rollyard.dev/sandboxes"]);
    const policy = objectOrEmpty(await get("networkpolicy", "rollyard-served"));
    expect(policy["metadata"]).toMatchObject({
      ownerReferences: [{ kind: "Environment", name: "served", controller: true }],
    });
    expect(policy["spec"]).toMatchObject({
      podSelector: { matchLabels: { "rollyard.dev/environment-uid": uid } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ ports: [{ protocol: "TCP", port: 8321 }] }],
    });
    expect(objectOrEmpty(policy["spec"])["egress"]).toBeUndefined();
  });

  it("show what their brokers count, at the scale subresource too", async () => {
    await apply(sampleEnvironment("scaled"));
    await says("scaled", "Ready", { status: "True" });
    await kubectlOk(cluster, [...here, "scale", "environment/scaled", "--replicas=50"]);
    await eventually(
      () => broker("scaled").warmReplicas,
      (warm) => warm === 50,
    );
    broker("scaled").figures = { ...broker("scaled").figures, ready: 40, starting: 10, leased: 7, failed: 2 };
    const columns = await eventually(
      () => kubectlOk(cluster, [...here, "get", "renv", "scaled", "--no-headers"]),
      (line) => /scaled\s+40\s+10\s+7\s+2\s/u.test(line),
    );
    expect(columns).toContain("40");
    const scale = [
      ...here,
      "get",
      "environment",
      "scaled",
      "--subresource=scale",
      "-o",
      "jsonpath={.status.replicas}",
    ];
    expect(await kubectlOk(cluster, scale)).toBe("50");
  });

  it("get a policy for the internet when the spec is changed to it, and their broker the new spec", async () => {
    const closed = sampleEnvironment("opened");
    await apply(closed);
    await says("opened", "Ready", { status: "True" });
    await apply(withValue(closed, "spec.sandbox.network", "open"));
    await eventually(
      () => broker("opened").network,
      (network) => network === "open",
    );
    expect(await policySpec("opened")).toMatchObject({
      egress: [{ ports: [{ port: 53 }, { port: 53 }] }, { to: [{ ipBlock: { cidr: "0.0.0.0/0" } }, {}] }],
    });
  });

  it("keep their policy when somebody changes, strips or deletes it, and say that", async () => {
    await apply(sampleEnvironment("guarded"));
    await says("guarded", "Ready", { status: "True" });
    const right = await policySpec("guarded");
    const policy = [...here, "networkpolicy", "rollyard-guarded"];
    const restored = (): Promise<unknown> =>
      eventually(
        () => policySpec("guarded"),
        (spec) => JSON.stringify(spec) === JSON.stringify(right),
      );
    await kubectlOk(cluster, ["patch", ...policy, "--type=merge", "-p", '{"spec":{"egress":[{}]}}']);
    await restored();
    await kubectlOk(cluster, ["delete", ...policy]);
    await restored();
    await kubectlOk(cluster, ["label", ...policy, "app.kubernetes.io/managed-by-"]);
    await eventually(
      () => get("networkpolicy", "rollyard-guarded"),
      (found) => JSON.stringify(found).includes('"app.kubernetes.io/managed-by":"rollyard"'),
    );
    expect(await policySpec("guarded")).toEqual(right);
    await saysEvent("guarded", "NetworkPolicyRestored");
  });

  it("wait for an image, and are served once they have one", async () => {
    const imageless = withValue(sampleEnvironment("imageless"), "spec.sandbox.image", undefined);
    await apply(imageless);
    await says("imageless", "ImageRequired", { status: "True", reason: "NoImage" });
    expect(await condition("imageless", "Ready")).toMatchObject({ status: "False", reason: "ImageRequired" });
    expect(world.brokers.has("imageless")).toBe(false);
    await apply(sampleEnvironment("imageless"));
    await says("imageless", "ImageRequired", { status: "False" });
    await says("imageless", "Ready", { status: "True" });
  });

  it("name the field of a spec that the API server takes and we can't", async () => {
    const odd = withValue(sampleEnvironment("odd"), "spec.sandbox.resources", {
      requests: { memory: "2Gi" },
      limits: { memory: "1Gi" },
    });
    await apply(odd);
    const ready = await says("odd", "Ready", { status: "False", reason: "InvalidSpec" });
    expect(ready["message"]).toContain("spec.sandbox.resources.requests.memory: must not be more than");
    expect(world.environments.get(NAMESPACE, "odd")).toBeNull();
    expect(world.environments.look(NAMESPACE, "odd")).toMatchObject({ kind: "invalid" });
    await saysEvent("odd", "InvalidSpec");
  });

  it("quote why sandboxes do not start, and say when they do again", async () => {
    await apply(sampleEnvironment("failing"));
    await says("failing", "Ready", { status: "True" });
    const before = broker("failing").figures;
    const lastReason = 'The sandbox did not start (image "registry.example/tools:1": not found).';
    broker("failing").figures = {
      ...before,
      failed: 5,
      breaker: { state: "open", consecutiveFailures: 5, lastCode: "sandbox_start_failed", lastReason },
    };
    await says("failing", "StartFailing", { status: "True", message: lastReason });
    await saysEvent("failing", "StartFailing");
    const hindrance = () => world.environments.hindrance(broker("failing").environmentUid);
    expect(hindrance()).toEqual({ reason: "Unschedulable", message: lastReason });
    broker("failing").figures = before;
    const recovered = await says("failing", "StartFailing", { status: "False" });
    expect(recovered).toMatchObject({ reason: "NoFailures", message: "" });
    await saysEvent("failing", "StartsRecovered");
    expect(hindrance()).toBeNull();
  });

  it("tell all of them what a probe found of the network", async () => {
    await apply(sampleEnvironment("probed"));
    await says("probed", "NetworkPolicyNotEnforced", { status: "Unknown", reason: "NotProbed" });
    world.environments.setEnforcement({ kind: "not_enforced" });
    await says("probed", "NetworkPolicyNotEnforced", { status: "True", reason: "ProbeConnected" });
    world.environments.setEnforcement({ kind: "enforced" });
    const enforced = await says("probed", "NetworkPolicyNotEnforced", { status: "False" });
    expect(enforced).toMatchObject({ reason: "Enforced", message: "" });
  });

  it("are deleted once the jobs that use them have ended, with their pods and their policy", async () => {
    const uid = await servedUid("held");
    world.environments.hold(uid, "0123456789ab", "baseline");
    await kubectlOk(cluster, [...here, "create", "-f", "-"], sandboxPod("held-pod", uid));
    await kubectlOk(cluster, [...here, "delete", "environment", "held", "--wait=false"]);
    const terminating = await says("held", "Terminating", { status: "True", reason: "InUse" });
    expect(terminating["message"]).toBe("It is removed once the jobs that use it have ended: baseline.");
    await eventually(
      () => broker("held").isDraining,
      (isDraining) => isDraining,
    );
    expect(broker("held").stopped).toBeNull();
    expect(await get("pod", "held-pod")).not.toBeNull();
    expect(world.environments.get(NAMESPACE, "held")).toMatchObject({ isTerminating: true });
    world.environments.release(uid, { jobUid: "0123456789ab", itemIndex: 0, sampleIndex: 1, attempt: 0 });
    expect(broker("held").released).toHaveLength(1);
    world.environments.letGo(uid, "0123456789ab");
    expect(broker("held").forgottenJobs).toEqual(["0123456789ab"]);
    await eventually(
      () => get("environment", "held"),
      (found) => found === null,
    );
    expect(broker("held").stopped).toEqual({ handOver: false });
    expect(await get("pod", "held-pod")).toBeNull();
    expect(await get("networkpolicy", "rollyard-held")).toBeNull();
  });

  it("are another one when made anew under the same name", async () => {
    const first = await servedUid("again");
    await kubectlOk(cluster, [...here, "delete", "environment", "again"]);
    const second = await servedUid("again");
    expect(second).not.toBe(first);
    await eventually(
      async () => objectOrEmpty(await policySpec("again"))["podSelector"],
      (selector) => JSON.stringify(selector).includes(second),
    );
  });

  async function servedUid(name: string): Promise<string> {
    await apply(sampleEnvironment(name));
    await says(name, "Ready", { status: "True" });
    return broker(name).environmentUid;
  }
});

function sandboxPod(name: string, environmentUid: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { "rollyard.dev/environment-uid": environmentUid } },
    spec: {
      automountServiceAccountToken: false,
      containers: [{ name: "sandbox", image: "registry.example/none:1" }],
    },
  };
}
