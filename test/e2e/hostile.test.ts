import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { KubeObject } from "../../src/kube/kube-object.ts";
import { eventually } from "../support/cluster/eventually.ts";
import { NodeFirewall } from "../support/node/node-firewall.ts";
import { startPodsWorld } from "../support/node/pods-world.ts";
import type { PodsWorld } from "../support/node/pods-world.ts";
import { ScriptedJob } from "../support/node/scripted-job.ts";
import type { ScriptedJobOptions } from "../support/node/scripted-job.ts";
import type { SeenRollout } from "../support/node/seen-rollout.ts";
import { dialScript, TARGETS, temptingNetwork } from "../support/node/tempting-network.ts";
import type { Target } from "../support/node/tempting-network.ts";

const IMAGE = "registry.example/tools:1";
const PODS = { group: "", version: "v1", plural: "pods" };
const HERE = { namespace: "default" };
const LONG_MS = 240_000;

interface Pod extends KubeObject {
  readonly status?: {
    readonly podIP?: string;
    readonly phase?: string;
    readonly containerStatuses?: readonly {
      readonly state?: { readonly terminated?: { readonly message?: string } };
    }[];
  };
}

/** Lines of what the only tool call of a rollout printed. */
const linesOf = (rollout: SeenRollout | undefined): readonly string[] =>
  (rollout?.attempts[0]?.returns[0]?.output ?? "").trimEnd().split("\n");

describe.skipIf(inject("whyNoNode") !== null)("a hostile agent in a pod", () => {
  let here: PodsWorld;
  let firewall: NodeFirewall;
  let takeAway: () => Promise<void>;
  let victim: ScriptedJob;
  let targets: readonly Target[];

  beforeAll(async () => {
    here = await startPodsWorld(
      { controllers: 1, workers: 1, graders: 1, probesPolicy: true },
      { images: [{ name: IMAGE, corpus: null }], hasGvisor: false },
    );
    const { plane, client } = here.world.whole;
    const apiServer = Number(new URL(plane.server).port);
    takeAway = await temptingNetwork({ apiServer, nats: here.world.nats[0]?.port ?? 0 });
    firewall = new NodeFirewall(client);
    await firewall.start();
    await here.world.startServices();
    const rollouts = [{ image: IMAGE, script: "sleep 60; echo fine" }];
    victim = await ScriptedJob.start(here.world, { name: "victim", rollouts });
    const name = await victim.untilLeased(0);
    const pod = await client.get<Pod>(PODS, { ...HERE, name });
    targets = [...TARGETS, { name: "another sandbox", address: pod?.status?.podIP ?? "", port: 8321 }];
  }, LONG_MS);

  afterAll(async () => {
    await firewall?.stop();
    await here?.stop();
    await takeAway?.();
  });

  const runJob = async (options: ScriptedJobOptions): Promise<readonly SeenRollout[]> => {
    const job = await ScriptedJob.start(here.world, options);
    const seen = await job.end();
    await job.remove();
    return seen;
  };
  /** What the dial script says, in the order of its lines. */
  const dialled = (isReached: (target: Target) => boolean): readonly string[] =>
    targets.map((each) => `${each.name}: ${isReached(each) ? "reached" : "shut"}`).toSorted();
  const run = async (name: string, script: string, sandbox: object = {}): Promise<SeenRollout | undefined> =>
    (await runJob({ name, rollouts: [{ image: IMAGE, script }], sandbox }))[0];

  it("would reach the cluster from a pod without a policy: nothing else stands between them", async () => {
    const script = `{ ${dialScript(targets)}\n} > /dev/termination-log`;
    const containers = [{ name: "main", image: IMAGE, command: ["bash", "-c", script] }];
    const spec = { restartPolicy: "Never", automountServiceAccountToken: false, containers };
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "free" }, spec };
    await here.world.whole.client.create(PODS, HERE, pod);
    const ended = await eventually(
      () => here.world.whole.client.get<Pod>(PODS, { ...HERE, name: "free" }),
      (found) => found?.status?.phase === "Succeeded",
    );
    const said = ended?.status?.containerStatuses?.[0]?.state?.terminated?.message ?? "";
    // The other sandbox's own policy lets nobody in but its drivers.
    expect(said.trimEnd().split("\n").toSorted()).toEqual(dialled(({ name }) => name !== "another sandbox"));
  });

  it("reaches nothing by the network", async () => {
    const rollout = await run("shut", dialScript(targets));
    expect(linesOf(rollout).toSorted()).toEqual(dialled(() => false));
  });

  it("with an open network reaches the internet, and nothing else", async () => {
    const rollout = await run("open", dialScript(targets), { network: "open" });
    expect(linesOf(rollout).toSorted()).toEqual(dialled(({ name }) => name === "internet"));
  });

  it("sees nothing of its node, of its cluster and of sandboxd's keys, and gets no right", async () => {
    const tries: Readonly<Record<string, string>> = {
      "mounts a device": "mount -t proc proc /tmp/p",
      "makes a user namespace": "unshare --user true",
      "reads the node's kernel log": "cat /dev/kmsg",
      "reads sandboxd's environment": "cat /proc/1/environ",
      "reads sandboxd's memory": "head -c 1 /proc/1/mem",
      "changes sandboxd": "bash -c ': >> /.rollyard/bin/sandboxd'",
      "writes a kernel setting": "bash -c 'echo 1 > /proc/sys/kernel/panic'",
      "writes to its cgroup": "bash -c 'echo max > /sys/fs/cgroup/memory/memory.limit_in_bytes'",
      "has a service account's token": "ls /var/run/secrets/kubernetes.io",
      "has variables of its cluster": "printenv KUBERNETES_SERVICE_HOST",
      "sees processes of others": "test $(ls -d /proc/[0-9]* | wc -l) -gt 8",
    };
    const script = Object.entries(tries)
      .map(([name, command]) => `if ${command} >/dev/null 2>&1; then echo '${name}'; fi`)
      .join("\n");
    const rollout = await run("rights", `mkdir /tmp/p\n${script}\nid -u`);
    expect(linesOf(rollout)).toEqual(["1000"]);
  });

  it("that forks without end harms nobody else, and is data", async () => {
    const seen = await runJob({
      name: "bomb",
      rollouts: [
        { image: IMAGE, script: "bomb() { bomb | bomb & }; bomb; sleep 10" },
        { image: IMAGE, script: "sleep 5; ls /; echo fine" },
      ],
    });
    expect(seen.map(({ attempts }) => attempts.map(({ seal }) => seal?.kind))).toEqual([
      ["stopped"],
      ["stopped"],
    ]);
    expect(linesOf(seen[1]).at(-1)).toBe("fine");
  });

  it("fills no more memory than its own by files in it", async () => {
    const rollout = await run("memory", "head -c 1000000000 /dev/zero > /dev/shm/big; echo over");
    expect(rollout?.attempts[0]?.seal?.kind).toBe("stopped");
    expect(linesOf(rollout).join("\n")).toMatch(/No space left|out of memory|Killed/);
  });

  it("has left the other sandbox as it was", async () => {
    const [rollout] = await victim.end();
    expect(linesOf(rollout)).toEqual(["fine"]);
    expect(rollout?.outcome).toMatchObject({ outcome: "graded", reward: 1 });
    const said = await here.world.kubectl(["get", "environment", "victim", "-o", "json"]);
    const { status } = JSON.parse(said) as {
      readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
    };
    const found = status.conditions.find(({ type }) => type === "NetworkPolicyNotEnforced");
    expect(found?.status).toBe("False");
    await victim.remove();
  });
});
