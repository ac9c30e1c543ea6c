import { randomUUID } from "node:crypto";
import { chmod, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { KubeObject } from "../../src/kube/kube-object.ts";
import { eventually } from "../support/cluster/eventually.ts";
import { ownedFolder } from "../support/lib/owned-folder.ts";
import { COUNTED, COUNTER, COUNTING_ASSETS, countingEnvironment } from "../support/node/counting-grader.ts";
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
      readonly containerID?: string;
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
  /** A file of the node's, in a folder that stands open to all. */
  let secret: string;
  const secretText = randomUUID();

  beforeAll(async () => {
    here = await startPodsWorld(
      { controllers: 1, workers: 1, graders: 1, probesPolicy: true },
      { images: [{ name: IMAGE, corpus: null }], hasGvisor: false },
    );
    const { plane, client } = here.world.whole;
    const apiServer = Number(new URL(plane.server).port);
    const folder = await ownedFolder("node-secret-");
    await chmod(folder, 0o755);
    secret = join(folder, `secret-${randomUUID()}`);
    await writeFile(secret, secretText, { mode: 0o644 });
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
    if (secret !== undefined) await rm(join(secret, ".."), { recursive: true });
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
  /** A script that says the name of each command that succeeds, and at last who runs it. */
  const trying = (tries: Readonly<Record<string, string>>): string =>
    [
      "mkdir /tmp/p",
      ...Object.entries(tries).map(
        ([name, command]) => `if { ${command}; } >/dev/null 2>&1; then echo '${name}'; fi`,
      ),
      "id -u",
    ].join("\n");

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
    const rollout = await run("rights", trying(tries));
    expect(linesOf(rollout)).toEqual(["1000"]);
  });

  it("finds no file of its node by its path, through processes, links, mounts or devices", async () => {
    const name = basename(secret);
    const disks = "tail -n +3 /proc/partitions | while read -r major minor _ disk; do";
    const tries: Readonly<Record<string, string>> = {
      "its path": `cat ${secret}`,
      "its first process": `cat /proc/1/root${secret} /proc/1/cwd/../../..${secret}`,
      "any process": `cat /proc/[0-9]*/root${secret}`,
      "any open file": `cat /proc/[0-9]*/fd/*/../../../../../..${secret}`,
      "a link to the file": `ln -s ${secret} /tmp/p/file && cat /tmp/p/file`,
      "a link to the root": `ln -s / /tmp/p/root && cat /tmp/p/root${secret}`,
      "its name, anywhere": `test -n "$(find / -name ${name} -not -path '/tmp/p/*')"`,
      "a mount of its own": `mount --bind ${join(secret, "..")} /tmp/p`,
      "a mount of its node's": `cat $(cut -d' ' -f5 /proc/self/mountinfo | sed 's#$#/../../../../..${secret}#')`,
      "a disk of its node's": `test -n "$(${disks} mknod /tmp/p/$disk b $major $minor && head -c 1 /tmp/p/$disk; done)"`,
    };
    const rollout = await run("files", trying(tries));
    expect(linesOf(rollout)).toEqual(["1000"]);
    expect(JSON.stringify(rollout)).not.toContain(secretText);
  });

  it("whose processes outlive its answer is frozen, and graded as it then stood", async () => {
    const [grader] = here.world.graders;
    await here.world.kubectl(["create", "-f", "-"], COUNTING_ASSETS);
    // Nobody grades before we have looked.
    grader?.signal("SIGSTOP");
    const job = await ScriptedJob.start(here.world, {
      name: "frozen",
      rollouts: [{ image: IMAGE, script: COUNTER }],
      environment: countingEnvironment(IMAGE),
    });
    const place = { ...HERE, name: await job.untilLeased(0) };
    await job.untilStopped(0);
    const pod = await here.world.whole.client.get<Pod>(PODS, place);
    const container = (pod?.status?.containerStatuses?.[0]?.containerID ?? "").replace("containerd://", "");
    // Who was killed is gone once it was waited for.
    await eventually(
      () => here.node.runInside(container, ["ps", "-e", "-o", "comm="]),
      (processes) => processes === "sandboxd\nps\n",
    );
    const counted = Number.parseInt(
      await here.node.runInside(container, ["wc", "-c", `/workspace/${COUNTED}`]),
      10,
    );
    expect(counted).toBeGreaterThan(0);
    grader?.signal("SIGCONT");
    const [rollout] = await job.end();
    expect(linesOf(rollout)).toEqual(["counting"]);
    expect(rollout?.outcome).toMatchObject({ outcome: "graded", reward: counted });
    await eventually(
      () => here.world.whole.client.get<Pod>(PODS, place),
      (found) => found === null,
    );
    await job.remove();
  });

  it("that forks without end, or fills its disk, harms nobody else, and is data", async () => {
    const limits = { memory: "96Mi", "ephemeral-storage": "32Mi" };
    const seen = await runJob({
      name: "bomb",
      sandbox: { resources: { requests: { cpu: "50m", memory: "32Mi" }, limits } },
      rollouts: [
        { image: IMAGE, script: "bomb() { bomb | bomb & }; bomb; sleep 10" },
        { image: IMAGE, script: "head -c 100000000 /dev/zero > full; echo full; sleep 100" },
        { image: IMAGE, script: "sleep 20; head -c 1000000 /dev/zero > some && ls / && echo fine" },
      ],
    });
    expect(seen.map(({ attempts }) => attempts.map(({ seal }) => [seal?.kind, seal?.reason]))).toEqual([
      [["stopped", expect.any(String)]],
      [["stopped", "sandbox_killed"]],
      [["stopped", "answered"]],
    ]);
    expect(seen[1]?.attempts[0]?.seal?.evidence).toMatchObject({ pod_reason: "Evicted" });
    expect(linesOf(seen[2]).at(-1)).toBe("fine");
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
