import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import type { StartProgress } from "../../../src/sandbox/port.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { kwokNode } from "../../support/cluster/kwok-nodes.ts";
import { kwokRequest, PODS, startLauncherWorld } from "../../support/cluster/launcher-world.ts";
import type { LauncherWorld } from "../../support/cluster/launcher-world.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";

const NODES = { group: "", version: "v1", plural: "nodes" };
const QUOTAS = { group: "", version: "v1", plural: "resourcequotas" };

type Addressed = KubeObject & { readonly status?: { readonly podIP?: string } };

describe.skipIf(testCluster().isMissing)("sandboxes in pods", () => {
  let world: LauncherWorld;
  beforeAll(async () => {
    world = await startLauncherWorld();
    await world.client.create(NODES, {}, kwokNode("fake-1"));
  });
  afterAll(async () => world?.stop());

  const pod = (namespace: string, name: string) => world.client.get<KubeObject>(PODS, { namespace, name });
  const untilGone = (namespace: string, name: string): Promise<unknown> =>
    eventually(
      () => pod(namespace, name),
      (found) => found === null,
    );
  const patchStatus = async (namespace: string, name: string, status: object): Promise<void> => {
    const place = { namespace, name, subresource: "status" } as const;
    const type = "application/merge-patch+json";
    expect(await world.client.patch(PODS, place, { type, body: { status } })).toMatchObject({ kind: "done" });
  };

  it("are ready once the pod is, and gone after they were stopped", async () => {
    await world.newNamespace("life");
    const sandbox = await world.launcher("life").start(kwokRequest("a1"));
    const host = (await world.client.get<Addressed>(PODS, { namespace: "life", name: "env-a1" }))?.status
      ?.podIP;
    expect(host).toMatch(/^[\d.]+$/);
    expect(sandbox.endpoint).toEqual({ kind: "tcp", host, port: 8321 });
    await sandbox.stop();
    expect(await pod("life", "env-a1")).toBeNull();
    expect(await sandbox.ended).toEqual({ kind: "stopped" });
  });

  it("wait for a quota that is spent, without a failure, and start once it is lifted", async () => {
    await world.newNamespace("quota");
    const quota = {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "q" },
      spec: { hard: { pods: "1" } },
    };
    await world.client.create(QUOTAS, { namespace: "quota" }, quota);
    await eventually(
      () => world.client.get<KubeObject>(QUOTAS, { namespace: "quota", name: "q" }),
      (found) => JSON.stringify(found).includes('"used"'),
    );
    const launcher = world.launcher("quota");
    await launcher.start(kwokRequest("q1"));
    await expect(launcher.start(kwokRequest("q2"))).rejects.toMatchObject({
      code: "sandbox_no_room",
      details: { reason: "Quota" },
      message: expect.stringContaining("exceeded quota: q"),
    });
    await world.client.delete(QUOTAS, { namespace: "quota", name: "q" });
    const again = () =>
      launcher.start(kwokRequest("q3")).then(
        () => true,
        () => false,
      );
    expect(await eventually(again, (started) => started)).toBe(true);
  });

  it("say so while no node takes them, and start when one does", async () => {
    await world.newNamespace("room");
    const told: StartProgress[] = [];
    const podTemplate = {
      spec: {
        nodeSelector: { "test.rollyard.dev/room": "yes" },
        tolerations: [{ operator: "Exists" }],
      },
    };
    const request = {
      ...kwokRequest("r1", { podTemplate }),
      onProgress: (each: StartProgress) => told.push(each),
    };
    const starting = world.launcher("room").start(request);
    const waits = await eventually(
      () => told.filter(({ kind }) => kind === "waiting"),
      (each) => each.length > 0,
    );
    expect(waits[0]).toMatchObject({
      kind: "waiting",
      pressure: { reason: "Unschedulable", message: expect.stringContaining("nodes are available") },
    });
    await world.client.create(NODES, {}, kwokNode("fake-room", { "test.rollyard.dev/room": "yes" }));
    await starting;
    expect(told.at(-1)).toEqual({ kind: "going_on" });
  });

  it("give up after a while without a node, as nobody's failure, and leave nothing", async () => {
    const podTemplate = { spec: { nodeSelector: { never: "here" } } };
    const starting = world.launcher("room").start(kwokRequest("r2", { podTemplate, readySeconds: 2 }));
    await expect(starting).rejects.toMatchObject({
      code: "sandbox_no_room",
      details: { reason: "Unschedulable" },
    });
    await untilGone("room", "env-r2");
  });

  it("fail with the kubelet's words when the image can't be pulled", async () => {
    await world.newNamespace("pull");
    // No kwok tolerates its own delay here: the pod stays as the kubelet of this test says.
    const template = { spec: { schedulerName: "nobody" } };
    const starting = world.launcher("pull").start(kwokRequest("p1", { podTemplate: template }));
    await eventually(
      () => pod("pull", "env-p1"),
      (found) => found !== null,
    );
    const state = { waiting: { reason: "InvalidImageName", message: 'couldn\'t parse image name "x"' } };
    const failed = starting.catch((error: unknown) => error);
    await patchStatus("pull", "env-p1", { containerStatuses: [{ name: "sandbox", state, ...CONTAINER }] });
    expect(await failed).toMatchObject({
      code: "sandbox_unstartable",
      details: { reason: "InvalidImageName" },
      message: expect.stringContaining("couldn't parse image name"),
    });
    await untilGone("pull", "env-p1");
  });

  it("fail with the output of a setup that failed", async () => {
    await world.newNamespace("setup");
    const template = { spec: { schedulerName: "nobody" } };
    const starting = world.launcher("setup").start(kwokRequest("s1", { podTemplate: template }));
    await eventually(
      () => pod("setup", "env-s1"),
      (found) => found !== null,
    );
    const terminated = { exitCode: 3, reason: "Error", message: '{"exit_code":4,"output":"no such branch"}' };
    const failed = starting.catch((error: unknown) => error);
    const container = { name: "sandbox", state: { terminated }, ...CONTAINER };
    await patchStatus("setup", "env-s1", { phase: "Failed", containerStatuses: [container] });
    expect(await failed).toMatchObject({
      code: "sandbox_setup_failed",
      setupOutput: "no such branch",
      details: { exit_code: 4 },
    });
  });

  it("are refused in the API server's words", async () => {
    await world.newNamespace("refused");
    const bad = kwokRequest("x1", { podTemplate: { spec: { tolerations: [{ operator: "Sometimes" }] } } });
    await expect(world.launcher("refused").start(bad)).rejects.toMatchObject({
      code: "sandbox_unstartable",
      message: expect.stringContaining("Sometimes"),
    });
    await expect(world.launcher("nowhere").start(kwokRequest("x2"))).rejects.toMatchObject({
      code: "sandbox_unstartable",
    });
    const weak = kwokRequest("x3", { podTemplate: { spec: { hostNetwork: true } } });
    await expect(world.launcher("refused").start(weak)).rejects.toMatchObject({
      code: "bad_input",
      message: expect.stringContaining("spec.hostNetwork is not allowed"),
    });
  });

  it("are lost when evicted, deleted by somebody, or on a node that is deleted", async () => {
    await world.newNamespace("loss");
    const launcher = world.launcher("loss");
    const evicted = await launcher.start(kwokRequest("l1"));
    const deleted = await launcher.start(kwokRequest("l2"));
    const place = { namespace: "loss", name: "env-l1", subresource: "eviction" } as const;
    const eviction = {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name: "env-l1", namespace: "loss" },
    };
    expect(await world.client.create(PODS, place, eviction)).toMatchObject({ kind: "done" });
    expect(await evicted.ended).toMatchObject({
      kind: "node_lost",
      detail: expect.stringContaining("EvictionByEvictionAPI"),
    });
    await world.client.delete(PODS, { namespace: "loss", name: "env-l2" });
    expect(await deleted.ended).toEqual({
      kind: "node_lost",
      detail: "the pod was deleted by somebody else",
    });
    await world.client.create(NODES, {}, kwokNode("fake-doomed", { doomed: "yes" }));
    const podTemplate = { spec: { nodeSelector: { doomed: "yes" }, tolerations: [{ operator: "Exists" }] } };
    const onNode = await launcher.start(kwokRequest("l3", { podTemplate }));
    await world.client.delete(NODES, { name: "fake-doomed" });
    expect(await onNode.ended).toEqual({ kind: "node_lost", detail: "the node was deleted" });
    await Promise.all([evicted, deleted, onNode].map((sandbox) => sandbox.stop()));
  });

  it("that end by themselves on a node that is alive were ended by their agent", async () => {
    await world.newNamespace("killed");
    const sandbox = await world.launcher("killed").start(kwokRequest("k1"));
    const terminated = { exitCode: 137, reason: "OOMKilled", signal: 9 };
    const container = { name: "sandbox", state: { terminated }, ...CONTAINER };
    await patchStatus("killed", "env-k1", { phase: "Failed", containerStatuses: [container] });
    expect(await sandbox.ended).toEqual({
      kind: "killed_by_agent",
      exitCode: 137,
      signal: "9",
      facts: { container_reason: "OOMKilled" },
    });
    await sandbox.stop();
    expect(await pod("killed", "env-k1")).toBeNull();
  });

  it("are adopted by the next launcher: the leased, those that start, and none twice", async () => {
    await world.newNamespace("adopt");
    const first = world.launcher("adopt");
    await first.start(kwokRequest("d1"));
    await first.start(kwokRequest("d2"));
    await first.close();
    const next = world.launcher("adopt");
    const adopted = next.adopt(new Set(["d1"]));
    expect(adopted.map(({ sandboxUid, template }) => [sandboxUid, template]).toSorted()).toEqual([
      ["d1", "t1"],
      ["d2", "t1"],
    ]);
    const sandboxes = await Promise.all(adopted.map(({ ready }) => ready));
    expect(next.adopt(new Set())).toEqual([]);
    await Promise.all(sandboxes.map((sandbox) => sandbox.stop()));
    expect(await pod("adopt", "env-d1")).toBeNull();
  });
});

const CONTAINER = { image: "registry.example/none:1", imageID: "", ready: false, restartCount: 0 };
