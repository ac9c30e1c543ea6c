import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { KubeObject } from "../../src/kube/kube-object.ts";
import { eventually } from "../support/cluster/eventually.ts";
import { startPodsWorld } from "../support/node/pods-world.ts";
import type { PodsWorld } from "../support/node/pods-world.ts";
import { RealNode } from "../support/node/real-node.ts";
import { ScriptedJob } from "../support/node/scripted-job.ts";
import type { SeenRollout } from "../support/node/seen-rollout.ts";

const IMAGE = "registry.example/tools:1";
/** Nobody listens there. */
const NO_IMAGE = "127.0.0.1:9/none:1";
const PODS = { group: "", version: "v1", plural: "pods" };
const NODE = { images: [{ name: IMAGE, corpus: null }], hasGvisor: false };
/** Whoever is first: the worker, whose calls lead nowhere, or the node controller, which waits 50 s. */
const SILENT = expect.stringMatching(/^sandbox_(unreachable|lost)$/);
const LONG_MS = 240_000;

interface Pod extends KubeObject {
  readonly status?: { readonly containerStatuses?: readonly { readonly containerID?: string }[] };
}

describe.skipIf(inject("whyNoNode") !== null)("trouble with real pods", () => {
  let here: PodsWorld;
  let replacement: RealNode | undefined;

  beforeAll(async () => {
    here = await startPodsWorld({ controllers: 1, workers: 1, graders: 1 }, NODE);
    await here.world.startServices();
  });
  afterAll(async () => {
    await here?.stop();
    await replacement?.stop();
  });

  describe("in one job, all at once", () => {
    let seen: readonly SeenRollout[];
    beforeAll(async () => {
      const limits = { memory: "96Mi", "ephemeral-storage": "32Mi" };
      const job = await ScriptedJob.start(here.world, {
        name: "trouble",
        sandbox: { resources: { requests: { cpu: "50m", memory: "32Mi" }, limits } },
        rollouts: [
          { image: IMAGE, script: "tail /dev/zero" },
          { image: NO_IMAGE, script: "true" },
          { image: IMAGE, script: "head -c 100000000 /dev/zero > /tmp/full; echo full; sleep 100" },
          { image: IMAGE, script: "echo fine" },
        ],
      });
      seen = await job.end();
      await job.remove();
    }, LONG_MS);

    it("memory that an agent used up is data, and its tool is told", () => {
      expect(seen[0]?.attempts).toMatchObject([
        {
          returns: [{ result: "failed", exitCode: 137, outOfMemory: true }],
          seal: { kind: "stopped", reason: "answered" },
        },
      ]);
      expect(seen[0]?.outcome).toMatchObject({ outcome: "graded", reward: 1 });
    });

    it("an image that can't be pulled is a failure of class sandbox, with the kubelet's word", () => {
      expect(seen[1]?.attempts).toMatchObject([
        {
          sandboxes: [],
          seal: {
            kind: "failed",
            reason: "sandbox_unstartable",
            failureClass: "sandbox",
            evidence: { reason: expect.stringMatching(/^(ErrImagePull|ImagePullBackOff)$/) },
          },
        },
      ]);
      expect(seen[1]?.outcome).toMatchObject({ outcome: "failed", reward: null });
    });

    it("a disk that an agent filled is data: it killed its sandbox, with the eviction as evidence", () => {
      expect(seen[2]?.attempts).toMatchObject([
        {
          seal: {
            kind: "stopped",
            reason: "sandbox_killed",
            evidence: { pod_reason: "Evicted", pod_message: expect.stringContaining("ephemeral") },
          },
        },
      ]);
      expect(seen[2]?.outcome).toMatchObject({ outcome: "graded", reward: 0 });
    });

    it("a rollout beside them sees nothing of it", () => {
      expect(seen[3]?.attempts).toMatchObject([{ returns: [{ output: "fine\n", result: "ok" }] }]);
      expect(seen[3]?.outcome).toMatchObject({ outcome: "graded", reward: 1 });
    });
  });

  it("a setup that fails is a failure of class sandbox, with its exit code and its output", async () => {
    const job = await ScriptedJob.start(here.world, {
      name: "setup",
      sandbox: { setup: [["sh", "-c", "echo no such branch; exit 4"]] },
      rollouts: [{ image: IMAGE, script: "true" }],
    });
    const [rollout] = await job.end();
    expect(rollout?.attempts).toMatchObject([
      {
        sandboxes: [],
        seal: {
          kind: "failed",
          reason: "sandbox_setup_failed",
          failureClass: "sandbox",
          evidence: { exit_code: "4", setup_output: "no such branch\n" },
        },
      },
    ]);
    await job.remove();
  });

  it("a workdir that the image lacks, and that nobody may make, is named", async () => {
    const job = await ScriptedJob.start(here.world, {
      name: "workdir",
      sandbox: { workdir: "/srv/none" },
      rollouts: [{ image: IMAGE, script: "true" }],
    });
    const [rollout] = await job.end();
    expect(rollout?.attempts).toMatchObject([
      {
        sandboxes: [],
        seal: {
          kind: "failed",
          reason: "sandbox_start_failed",
          failureClass: "sandbox",
          evidence: { reason: "NoWorkdir", exit_code: "4" },
          cause: expect.stringContaining("the workdir /srv/none does not exist, and user 1000 can't make it"),
        },
      },
    ]);
    await job.remove();
  });

  it("a container that was killed on a living node counts as its agent's doing", async () => {
    const rollouts = [{ image: IMAGE, script: "sleep 600" }];
    const job = await ScriptedJob.start(here.world, { name: "killed", rollouts });
    await here.node.killContainer(await containerOf(await job.untilLeased(0)));
    const [rollout] = await job.end();
    expect(rollout?.attempts).toMatchObject([
      { seal: { kind: "stopped", reason: "sandbox_killed", evidence: { exit_code: "137" } } },
    ]);
    expect(rollout?.outcome).toMatchObject({ outcome: "graded", reward: 0 });
    await job.remove();
  });

  it(
    "a node that stopped is a failure of class sandbox, and the next attempt runs on the node that comes back",
    async () => {
      const rollouts = [{ image: IMAGE, script: "sleep 8; echo fine" }];
      const job = await ScriptedJob.start(here.world, { name: "lost", rollouts, maxAttempts: 3 });
      await job.untilLeased(0);
      await here.node.stop();
      await eventually(
        () => job.rollouts(),
        ([rollout]) => (rollout?.attempts[0]?.seal ?? null) !== null,
        LONG_MS,
        250,
      );
      replacement = await RealNode.start(here.world.whole, NODE);
      const [rollout] = await job.end();
      expect(rollout?.attempts).toMatchObject([
        { seal: { kind: "failed", reason: SILENT, failureClass: "sandbox" } },
        { returns: [{ output: "fine\n" }], seal: { kind: "stopped", reason: "answered" } },
      ]);
      expect(rollout?.outcome).toMatchObject({ outcome: "graded", reward: 1 });
      await job.remove();
    },
    LONG_MS,
  );

  async function containerOf(name: string): Promise<string> {
    const pod = await here.world.whole.client.get<Pod>(PODS, { namespace: "default", name });
    const id = pod?.status?.containerStatuses?.[0]?.containerID ?? "";
    return id.replace("containerd://", "");
  }
});
