import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { controllerConfigSchema } from "../../../services/controller/config.ts";
import { runController } from "../../../services/controller/run-controller.ts";
import {
  ENVIRONMENTS,
  NETWORK_POLICIES,
  PODS,
  ROLLOUT_JOBS,
  SECRETS,
} from "../../../src/kube/api-resources.ts";
import type { WithStatus } from "../../../src/kube/control/status-writer.ts";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import type { ApiResource } from "../../../src/kube/resource-path.ts";
import { kubeconfigCredentials } from "../../../src/kube/transport/kubeconfig.ts";
import type { KubeCredentials } from "../../../src/kube/transport/kube-credentials.ts";
import type { KubeTransport } from "../../../src/kube/transport/kube-transport.ts";
import { createKubeTransport } from "../../../src/kube/transport/https-kube-transport.ts";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { exportSigningKey, generateSigningKey } from "../../../src/sandbox/signing-keys.ts";
import { startNatsFixture } from "../../support/bus/nats-fixture.ts";
import type { NatsFixture } from "../../support/bus/nats-fixture.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { kubectl, kubectlOk } from "../../support/cluster/kubectl.ts";
import { sampleEnvironment, sampleJob } from "../../support/cluster/sample-objects.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { CONTROLLER_NAMESPACE, controllerKubeconfig } from "../../support/controller/controller-account.ts";
import { allRights, roleWithout } from "../../support/controller/rights.ts";
import { noteLogger } from "../../support/lib/note-logger.ts";

const cluster = testCluster();
const rights = await allRights();
const NAMESPACE = "rbac";
const KEYS = "rollyard-signing-keys";
const LEASES: ApiResource = { group: "coordination.k8s.io", version: "v1", plural: "leases" };

describe.skipIf(cluster.isMissing)("the controller's rights", () => {
  const here = ["-n", NAMESPACE];
  let folder: string;
  let nats: NatsFixture;
  let credentials: KubeCredentials;
  let transport: KubeTransport;
  let client: KubeClient;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollyard-rbac-"));
    nats = await startNatsFixture();
    await installCrds(cluster);
    transport = createKubeTransport(await kubeconfigCredentials(cluster.kubeconfigFile));
    client = new KubeClient(transport);
    credentials = await kubeconfigCredentials(await controllerKubeconfig(cluster, folder));
    await kubectlOk(cluster, ["create", "namespace", NAMESPACE]);
    await kubectlOk(cluster, [...here, "create", "serviceaccount", "default"]);
    await kubectlOk(cluster, [...here, "create", "secret", "generic", "model", "--from-literal=key=k"]);
    const row = ['--from-literal=rows.jsonl={"question":"?"}'];
    await kubectlOk(cluster, [...here, "create", "configmap", "rows", ...row]);
  });

  afterAll(async () => {
    await cleanUp();
    await transport?.close();
    await nats?.stop();
    await rm(folder, { recursive: true, force: true });
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--wait=false"]);
  });

  /** What a controller finds when it begins: enough for every call that it makes. */
  async function prepare(rotates: boolean): Promise<void> {
    await cleanUp();
    const secrets = { namespace: CONTROLLER_NAMESPACE };
    await client.delete(SECRETS, { ...secrets, name: KEYS });
    if (rotates) await client.create(SECRETS, secrets, keysToRotate());
    const ended = { environmentRef: { name: "served" }, deadlineSeconds: 1, ttlSecondsAfterFinished: 0 };
    const model = {
      baseURL: "http://127.0.0.1:1/v1",
      name: "m",
      apiKeySecret: { name: "model", key: "key" },
    };
    const mapped = { configMap: { name: "rows", key: "rows.jsonl" } };
    const sandbox = { image: "registry.example/tools:1", warmReplicas: 1 };
    const prompt = [{ role: "user", content: "{{ item.question }}" }];
    const texts = { input: "{{ sample.output_text }}", reference: "x" };
    const grader = { type: "string_check", name: "same", operation: "eq", ...texts };
    const items = [
      { ...sampleEnvironment("served"), spec: { sandbox, prompt, grader } },
      // Somebody else's of the same name.
      {
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name: "rollyard-served" },
        spec: { podSelector: {}, policyTypes: ["Ingress"] },
      },
      { ...sampleJob("mapped"), spec: { ...ended, model, dataset: mapped } },
      { ...sampleJob("inline"), spec: { ...ended, model, dataset: { inline: [{ question: "?" }] } } },
    ];
    await kubectlOk(cluster, [...here, "create", "-f", "-"], { apiVersion: "v1", kind: "List", items });
  }

  /** Removes what a controller left that was not let do it. */
  async function cleanUp(): Promise<void> {
    await client.delete(LEASES, { namespace: CONTROLLER_NAMESPACE, name: "rollyard-controller" });
    for (const resource of [ROLLOUT_JOBS, ENVIRONMENTS, NETWORK_POLICIES, PODS]) {
      for (const { metadata } of (await client.list(resource, { namespace: NAMESPACE }))?.items ?? []) {
        const place = { namespace: NAMESPACE, name: metadata.name };
        await client.patch(resource, place, { body: { metadata: { finalizers: null } } });
        await client.delete(resource, place, { gracePeriodSeconds: 0 });
      }
    }
  }

  /** Runs a controller through the life of those objects, until it is refused something or all of it is over. */
  async function life(): Promise<{ readonly refusals: readonly string[] }> {
    const { logger, notes } = noteLogger();
    const stop = new AbortController();
    const login = nats.servers[0]?.login("controller");
    const config = controllerConfigSchema.parse({
      nats: { servers: nats.servers.map(({ address }) => address) },
      watchNamespace: NAMESPACE,
      sandboxdImage: "registry.example/sandboxd:1",
      metrics: { host: "127.0.0.1", port: 0 },
    });
    let hasEnded = false;
    const natsPassword = login?.password;
    const environment = { credentials, natsPassword, hostname: "test", logger, stop: stop.signal };
    const running = runController(config, { ...environment, exit: () => stop.abort() })
      .catch(() => undefined)
      .finally(() => (hasEnded = true));
    const port = (): unknown =>
      notes.find(([, message]) => message === "controller started")?.[2]?.["metrics_port"];
    const refusals = async (): Promise<readonly string[]> => {
      if (port() === undefined) return [];
      const metrics = await fetch(`http://127.0.0.1:${String(port())}/metrics`).then(
        (response) => response.text(),
        () => "",
      );
      return metrics
        .split("\n")
        .filter((line) => /^rollyard_kube_requests_total\{.*status="403"/u.test(line));
    };
    const untilOver = (step: () => Promise<boolean>) =>
      eventually(
        async () => ({ refused: await refusals(), isOver: hasEnded || (await step()) }),
        ({ refused, isOver }) => isOver || refused.length > 0,
        60_000,
      );
    const steps = [
      () => isServed(),
      () => isRenewed(),
      () => areGone(ROLLOUT_JOBS),
      async () => {
        await client.delete(ENVIRONMENTS, { namespace: NAMESPACE, name: "served" });
        return areGone(ENVIRONMENTS);
      },
    ];
    let refused: readonly string[] = [];
    for (const step of steps) if (refused.length === 0) ({ refused } = await untilOver(step));
    // One that can't begin for want of a right has ended by itself.
    if (hasEnded) refused = [...refused, ...notes.map(([, message]) => message).slice(-1)];
    stop.abort();
    await running;
    return { refusals: refused };
  }

  async function isServed(): Promise<boolean> {
    const found = await client.get<WithStatus>(ENVIRONMENTS, { namespace: NAMESPACE, name: "served" });
    const labelSelector = "app.kubernetes.io/component=network-probe";
    const probes = await client.list(PODS, { namespace: CONTROLLER_NAMESPACE }, { labelSelector });
    return found?.status?.["starting"] === 1 && (probes?.items.length ?? 0) > 0;
  }

  async function isRenewed(): Promise<boolean> {
    const place = { namespace: CONTROLLER_NAMESPACE, name: "rollyard-controller" };
    const { spec } = (await client.get<KubeObject & { readonly spec?: JsonObject }>(LEASES, place)) ?? {};
    return spec !== undefined && spec["renewTime"] !== spec["acquireTime"];
  }

  async function areGone(resource: ApiResource): Promise<boolean> {
    return (await client.list(resource, { namespace: NAMESPACE }))?.items.length === 0;
  }

  it("are enough for the whole life of Environments and RolloutJobs", async () => {
    await prepare(false);
    expect(await life()).toEqual({ refusals: [] });
    await prepare(true);
    expect(await life()).toEqual({ refusals: [] });
  }, 300_000);

  it.each(rights)(
    "are all needed: $name",
    async (right) => {
      await kubectlOk(cluster, ["apply", "-f", "-"], roleWithout(right));
      await prepare(right.name === "Role secrets update");
      const { refusals } = await life();
      await kubectlOk(cluster, ["apply", "-f", "-"], right.role);
      expect(refusals).not.toEqual([]);
    },
    120_000,
  );
});

function keysToRotate(): object {
  return {
    metadata: { name: KEYS, annotations: { "rollyard.dev/rotate": "yes" } },
    stringData: {
      "current.pem": exportSigningKey(generateSigningKey()),
      "next.pem": exportSigningKey(generateSigningKey()),
    },
  };
}
