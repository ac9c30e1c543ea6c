import { execFile } from "node:child_process";
import { symlink } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { ensureControlPlane } from "../../scripts/lib/control-plane.mjs";
import { findPlaces } from "../../scripts/lib/places.mjs";
import { NODE_ADDRESS } from "../../scripts/lib/private-network.mjs";
import type { JsonObject } from "../../src/lib/json.ts";
import { startControlPlane } from "../support/cluster/control-plane.ts";
import type { ControlPlane } from "../support/cluster/control-plane.ts";
import { installCrds } from "../support/cluster/install-crds.ts";
import { kubectlOk } from "../support/cluster/kubectl.ts";
import type { TestCluster } from "../support/cluster/test-cluster.ts";
import { PLAIN_ENVIRONMENT, plainJob } from "../support/controller/jobs-world.ts";
import { GatewayWorld } from "../support/gateway/gateway-world.ts";
import { startMockModel } from "../support/model/mock-model.ts";
import type { MockModel } from "../support/model/mock-model.ts";
import { always } from "../support/model/mock-scripts.ts";
import { startCli } from "../support/run/run-cli.ts";

const NAMESPACE = "gateway-proxy";
const SYSTEM = ["-n", "rollyard-system"];
const PLUGIN = fileURLToPath(new URL("../../bin/kubectl-rollyard.mjs", import.meta.url));

/** The API server's proxy dials no loopback address: the gateway listens on the other one of the tests' own network. */
describe.skipIf(inject("whyNoNode") !== null)("the gateway behind the API server", () => {
  let plane: ControlPlane;
  let cluster: TestCluster;
  let world: GatewayWorld;
  let model: MockModel;

  beforeAll(async () => {
    const programs = await ensureControlPlane(findPlaces(), ["etcd", "kube-apiserver", "kubectl"]);
    plane = await startControlPlane(programs);
    cluster = { kubeconfigFile: plane.kubeconfigFile, kubectl: programs.kubectl, isMissing: false };
    await installCrds(cluster);
    model = await startMockModel({ script: always({ content: "yes" }) });
    world = await GatewayWorld.start(cluster, NAMESPACE);
    const controller = await world.jobs.controller();
    controller.environments.put(NAMESPACE, "plain", PLAIN_ENVIRONMENT);
    await world.jobs.workers();
    const { url } = await world.gateway({ listen: { host: NODE_ADDRESS, port: 0 } });
    await makeService(Number(new URL(url).port));
    await world.jobs.apply(plainJob("proxied", model.baseURL));
    await world.jobs.untilCondition("proxied", "Complete");
  });

  afterAll(async () => {
    await world?.close();
    await model?.close();
    await plane?.stop();
  });

  /** The Service that an installation has, with the gateway of this test behind it: for the API server its address is a pod's. */
  async function makeService(targetPort: number): Promise<void> {
    const name = "rollyard-gateway";
    const ip = NODE_ADDRESS;
    const ports = [{ name: "http", port: targetPort, protocol: "TCP" }];
    const made: readonly JsonObject[] = [
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name },
        spec: {
          serviceAccountName: name,
          nodeName: "here",
          containers: [{ name: "gateway", image: "gateway" }],
        },
      },
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name },
        spec: { ports: [{ name: "http", port: 8080, targetPort }] },
      },
    ];
    for (const object of made) await kubectlOk(cluster, [...SYSTEM, "apply", "-f", "-"], object);
    const status = JSON.stringify({ status: { podIP: ip, podIPs: [{ ip }], phase: "Running" } });
    await kubectlOk(cluster, [
      ...SYSTEM,
      "patch",
      "pod",
      name,
      "--subresource=status",
      "--type=merge",
      "-p",
      status,
    ]);
    const targetRef = { kind: "Pod", namespace: "rollyard-system", name };
    await kubectlOk(cluster, [...SYSTEM, "apply", "-f", "-"], {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { name },
      subsets: [{ addresses: [{ ip, targetRef }], ports }],
    });
  }

  const as = async (user: "viewer" | "nobody", ...args: readonly string[]) =>
    startCli(args, { KUBECONFIG: await world.kubeconfig(user), ROLLYARD_GATEWAY: "" }).ended;

  it("is reached with nothing but a kubeconfig, and knows who asks", async () => {
    const { code, stdout, stderr } = await as("viewer", "results", "proxied", "-f", "--groups", "--json");
    expect([code, stderr]).toEqual([0, expect.stringContaining("Complete (AllGraded)")]);
    expect(stdout.trimEnd().split("\n")).toHaveLength(4);
    const refused = await as("nobody", "results", "proxied");
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining(`system:serviceaccount:${NAMESPACE}:nobody may not get rolloutjobs/results`),
    ]);
  });

  it("asks as a service account for whom signs in by something that is no token", async () => {
    const flags = ["--namespace", NAMESPACE, "--kubeconfig", cluster.kubeconfigFile, "--service-account"];
    const asked = await startCli(["results", "proxied", "--json", ...flags, "viewer"]).ended;
    expect([asked.code, asked.stdout.trimEnd().split("\n").length]).toEqual([0, 8]);
    const none = await startCli(["results", "proxied", ...flags, "stranger"]).ended;
    expect([none.code, none.stderr]).toEqual([
      2,
      expect.stringContaining(`There is no token of the service account ${NAMESPACE}/stranger`),
    ]);
  });

  it("is said not to be there where its Service is another, with the API server's own words", async () => {
    const { code, stderr } = await as("viewer", "results", "proxied", "--gateway-service", "default/none:80");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/not reached \(through the API server: .*none.*\)\. Name another road/u),
    ]);
  });

  it("is found by kubectl as its plugin", async () => {
    await symlink(PLUGIN, join(world.folder, "kubectl-rollyard"));
    const { stdout } = await promisify(execFile)(cluster.kubectl, ["rollyard", "get", "proxied"], {
      env: {
        ...process.env,
        PATH: [world.folder, process.env["PATH"] ?? ""].join(delimiter),
        KUBECONFIG: await world.kubeconfig("viewer"),
      },
    });
    expect(stdout).toContain("8 of 8 graded");
  });
});
