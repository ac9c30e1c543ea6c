import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OutcomeSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import type { Outcome } from "../../../src/gen/rollyard/v1/work_pb.ts";
import { busUid } from "../../../src/kube/bus-uid.ts";
import { objectOrEmpty, textOrUndefined } from "../../../src/lib/half-valid.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { kubectl } from "../../support/cluster/kubectl.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { throttledAnswer } from "../../support/kube/api-proxy.ts";
import { PLAIN_ENVIRONMENT, plainJob } from "../../support/controller/jobs-world.ts";
import { SeenObjects } from "../../support/controller/seen-objects.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { callsUntil, toolTurns } from "../../support/model/mock-scripts.ts";

const ROLLOUTS = 6;
const PATIENT = { timeout: 600_000 };
/** Each rollout takes a sandbox: it calls a tool, then answers. */
const LOOKS = { calls: [{ name: "look", arguments: "{}" }], answer: "yes" };
const SCRIPT = toolTurns({ turns: 1, ...LOOKS });

describe.skipIf(testCluster().isMissing)("a job on a cluster in trouble", () => {
  let world: ClusterWorld;
  let model: MockModel;

  beforeAll(async () => {
    model = await startMockModel({ script: SCRIPT, latencyMs: 50 });
    world = await ClusterWorld.start({ controllers: 1, workers: 1, graders: 1, slots: 32 });
    await world.startServices();
  }, PATIENT.timeout);

  afterAll(async () => {
    await world?.stop();
    await model?.close();
  });

  /** A namespace with an Environment; its sandboxes are as `sandbox` says. */
  const inNamespace = async (name: string, sandbox: JsonObject = {}): Promise<SeenObjects> => {
    const seen = new SeenObjects(world, name);
    await seen.make();
    await seen.apply(environment(sandbox));
    await seen.says("environment", "plain", "Ready", { status: "True" });
    return seen;
  };
  const job = (name = "work", spec: JsonObject = {}): JsonObject => {
    const inline = Array.from({ length: ROLLOUTS }, () => ({ question: "q", answer: "yes" }));
    return plainJob(name, model.baseURL, { dataset: { inline }, samplesPerItem: 1, ...spec });
  };
  /** Every rollout graded, and none tried twice. */
  const untilGraded = async (seen: SeenObjects, name = "work"): Promise<void> => {
    await seen.says("rolloutjob", name, "Complete", { status: "True", reason: "AllGraded" });
    expect(await seen.look("rolloutjob", name)).toMatchObject({
      status: {
        rollouts: { total: ROLLOUTS, graded: ROLLOUTS, failed: 0 },
        attempts: { started: ROLLOUTS, retried: 0 },
      },
    });
  };
  /** It waits: no rollout has ended, and none is tried again. */
  const untilItWaits = async (seen: SeenObjects, words: string): Promise<void> => {
    const wanted = { status: "True", reason: "Unschedulable", words } as const;
    await seen.says("rolloutjob", "work", "Backpressure", wanted);
    expect(await seen.look("rolloutjob", "work")).toMatchObject({
      status: { rollouts: { graded: 0, failed: 0 }, attempts: { retried: 0 } },
    });
  };

  it(
    "says why its pods do not start, in the words of who knows, and goes on once that is mended",
    PATIENT,
    async () => {
      const [pulled, refused, unplaced] = await Promise.all([
        inNamespace("pulled"),
        inNamespace("refused"),
        inNamespace("unplaced", {
          readySeconds: 20,
          podTemplate: { spec: { nodeSelector: { room: "yes" } } },
        }),
      ]);
      const words = "registry.example/none:1 was not found";
      world.kubelet?.refuseStarts({ reason: "ErrImagePull", message: words });
      await refusePods("refused");
      for (const seen of [pulled, refused, unplaced]) await seen.apply(job());

      const failing = { status: "True", reason: "SandboxUnstartable" } as const;
      await refused.says("environment", "plain", "StartFailing", { ...failing, words: POLICY_WORDS });
      await untilItWaits(refused, POLICY_WORDS);
      await world.kubectl([
        "delete",
        "validatingadmissionpolicybinding,validatingadmissionpolicy",
        "no-agents",
      ]);

      const nowhere = "nodes are available";
      await unplaced.says("environment", "plain", "Ready", {
        status: "False",
        reason: "Unschedulable",
        words: nowhere,
      });
      await untilItWaits(unplaced, nowhere);

      await pulled.says("environment", "plain", "StartFailing", {
        ...failing,
        words: `ErrImagePull: ${words}`,
      });
      await pulled.says("environment", "plain", "Ready", { status: "False", reason: "StartFailing" });
      await untilItWaits(pulled, words);

      world.kubelet?.refuseStarts(null);
      await world.kubectl(["label", "node", "local", "room=yes"]);
      for (const seen of [pulled, refused, unplaced]) {
        await untilGraded(seen);
        await seen.says("environment", "plain", "StartFailing", { status: "False", reason: "NoFailures" });
        await seen.says("environment", "plain", "Ready", { status: "True", reason: "Serving" });
        await seen.untilPods((count) => count === 0);
      }
      expect(world.gaveUp).toEqual([]);
    },
  );

  it(
    "is held, taken up, forgotten, ended in time and deleted, with the pods of its rollouts",
    PATIENT,
    async () => {
      const seen = await inNamespace("lived");
      let isHeld = true;
      const held = await startMockModel({
        script: (request) => (isHeld && request.turn > 0 ? { kind: "hang" } : SCRIPT(request)),
      });
      const spec = { model: { baseURL: held.baseURL, name: "policy" } };
      /** Every rollout has its sandbox, and waits for the model. */
      const begun = async (name: string): Promise<string> => {
        await seen.apply(job(name, spec));
        await seen.untilPods((count) => count === ROLLOUTS);
        return uidOnBus(await seen.until("rolloutjob", name, (object) => activeIn(object) === ROLLOUTS));
      };

      const walked = await begun("walked");
      await seen.patch("rolloutjob", "walked", { spec: { suspend: true } });
      await seen.says("rolloutjob", "walked", "Suspended", { status: "True" });
      await seen.untilPods((count) => count === 0);
      const paused = await seen.until("rolloutjob", "walked", (object) => activeIn(object) === 0);
      expect(paused).toMatchObject({
        status: { rollouts: { pending: ROLLOUTS, active: 0, failed: 0 } },
      });
      isHeld = false;
      await seen.patch("rolloutjob", "walked", { spec: { suspend: false } });
      await seen.says("rolloutjob", "walked", "Complete", { status: "True", reason: "AllGraded" });
      expect(await seen.look("rolloutjob", "walked")).toMatchObject({
        status: { rollouts: { graded: ROLLOUTS, failed: 0 }, attempts: { retried: 0 } },
      });
      await seen.patch("rolloutjob", "walked", { spec: { ttlSecondsAfterFinished: 1 } });
      await seen.until("rolloutjob", "walked", (object) => object === null);
      expect(await messagesOf(walked)).toEqual([]);

      isHeld = true;
      await begun("late");
      await seen.patch("rolloutjob", "late", { spec: { deadlineSeconds: 1 } });
      await seen.says("rolloutjob", "late", "Failed", { status: "True", reason: "DeadlineExceeded" });
      expect(await seen.look("rolloutjob", "late")).toMatchObject({
        status: { rollouts: { failed: ROLLOUTS, active: 0 }, failures: { cancelled: ROLLOUTS } },
      });
      await seen.untilPods((count) => count === 0);

      const dropped = await begun("dropped");
      await seen.kubectl(["delete", "rolloutjob", "dropped", "--timeout=120s"]);
      await seen.untilPods((count) => count === 0);
      expect(await messagesOf(dropped)).toEqual([]);
      await held.close();
    },
  );

  it("waits while the API server takes no pods from its controller, and says so", PATIENT, async () => {
    const seen = await inNamespace("throttled");
    const path = "/api/v1/namespaces/throttled/pods";
    world.proxy.intercept = ({ method, path: asked }) =>
      method === "POST" && new URL(asked, "http://server").pathname === path ? throttledAnswer(1) : null;
    await seen.apply(job());
    await seen.says("environment", "plain", "Ready", {
      status: "False",
      reason: "ApiServer",
      words: THROTTLED,
    });
    await untilItWaits(seen, THROTTLED);
    world.proxy.intercept = () => null;
    await untilGraded(seen);
    await seen.says("environment", "plain", "Ready", { status: "True" });
    expect(world.gaveUp).toEqual([]);
  });

  it(
    "loses its pods to what is more urgent, says by whom, and runs their rollouts again",
    PATIENT,
    async () => {
      // Two of them fill the node too much for the one that comes.
      const seen = await inNamespace("preempted", {
        resources: { requests: { cpu: 400 }, limits: { cpu: 400 } },
      });
      let isBusy = true;
      const slow = await startMockModel({ script: callsUntil(() => !isBusy, LOOKS), latencyMs: 300 });
      const model = { baseURL: slow.baseURL, name: "policy" };
      const inline = [0, 1].map(() => ({ question: "q", answer: "yes" }));
      await seen.apply(job("work", { model, dataset: { inline } }));
      await seen.untilPods((count) => count === 2);
      const uid = uidOnBus(await seen.until("rolloutjob", "work", (object) => activeIn(object) === 2));
      await eventually(
        () => slow.requestCount,
        (count) => count > 4,
      );
      await seen.apply(...urgentPod());
      await seen.says("rolloutjob", "work", "Backpressure", {
        status: "True",
        reason: "Unschedulable",
        words: "Insufficient cpu",
      });
      // Both have noticed: what answers now has its second pod.
      await seen.until("rolloutjob", "work", (object) => statusOf(object, "attempts")["retried"] === 2);
      isBusy = false;
      await seen.kubectl(["delete", "pod", "urgent", "--grace-period=0", "--force"]);
      await seen.says("rolloutjob", "work", "Complete", { status: "True", reason: "AllGraded" });
      expect(await seen.look("rolloutjob", "work")).toMatchObject({
        status: { attempts: { started: 4, retried: 2 } },
      });
      const lost = (await outcomesOf(uid)).filter(({ outcome }) => outcome === "failed");
      expect(lost).toHaveLength(2);
      for (const each of lost) {
        expect(each).toMatchObject({ failureClass: "sandbox", failureCode: "sandbox_lost" });
        expect(each.evidence["reason"]).toContain("PreemptionByScheduler");
      }
      await slow.close();
    },
  );

  it(
    "waits for a stream that is full or silent, and for a bus that is down, and spends no attempt",
    PATIENT,
    async () => {
      const seen = await inNamespace("bus");
      const gate = Promise.withResolvers<void>();
      const slow = await startMockModel({ script: SCRIPT, gate: gate.promise });
      const model = {
        baseURL: slow.baseURL,
        name: "policy",
        requestTimeoutSeconds: 600,
        idleTimeoutSeconds: 600,
      };
      const untilActive = (count: number) =>
        seen.until("rolloutjob", "work", (object) => activeIn(object) === count);
      await seen.apply(job("work", { model, parallelism: 1 }));
      await untilActive(1);

      /** It may run one more, and does not while its bus is in trouble. */
      const waits = async (parallelism: number, reason: string, words: string): Promise<void> => {
        await seen.patch("rolloutjob", "work", { spec: { parallelism } });
        await seen.until("rolloutjob", "work", isSeen);
        await seen.says("rolloutjob", "work", "Backpressure", { status: "True", reason, words });
        expect(activeIn(await seen.look("rolloutjob", "work"))).toBe(parallelism - 1);
      };
      const goesOn = async (parallelism: number): Promise<void> => {
        await untilActive(parallelism);
        await seen.says("rolloutjob", "work", "Backpressure", { status: "False" });
      };

      const size = await world.bus.resize("events", ({ bytes }) => Math.ceil(bytes / 0.9));
      await seen.says("rolloutjob", "work", "Backpressure", { status: "True", reason: "StreamFull" });
      await waits(2, "StreamFull", "events");
      expect(await world.bus.resize("events", () => size ?? 0)).not.toBeNull();
      await goesOn(2);

      const server = world.nats[0]?.service;
      if (server === undefined) throw new Error("there is no nats-server");
      // As on a disk without room: what it has it keeps, and stores no more until it is started again.
      await promisify(execFile)("prlimit", ["--pid", String(server.pid), "--fsize=1"]);
      await waits(3, "StreamSilent", "work");
      server.hold();
      server.kill();
      await server.gone();
      await seen.says("rolloutjob", "work", "Backpressure", { status: "True", reason: "BusUnavailable" });
      server.release();
      await goesOn(3);
      await seen.patch("rolloutjob", "work", { spec: { parallelism: ROLLOUTS } });
      gate.resolve();
      await untilGraded(seen);
      await slow.close();
    },
  );

  /** Subjects of what the streams have of a job. */
  async function messagesOf(jobUid: string): Promise<readonly string[]> {
    const left: string[] = [];
    for (const stream of ["work", "events", "outcomes", "blobs", "specs"] as const) {
      for await (const { subject } of world.bus.read(stream))
        if (subject.includes(jobUid)) left.push(subject);
    }
    return left;
  }

  async function outcomesOf(jobUid: string): Promise<readonly Outcome[]> {
    const found: Outcome[] = [];
    for await (const { subject, payload } of world.bus.read("outcomes")) {
      if (subject.includes(`.${jobUid}.`)) found.push(fromBinary(OutcomeSchema, payload));
    }
    return found;
  }

  /** An administrator's policy against pods in a namespace; resolves when it is in force. */
  async function refusePods(namespace: string): Promise<void> {
    const api = { apiVersion: "admissionregistration.k8s.io/v1" };
    const metadata = { name: "no-agents" };
    const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] };
    const policy = {
      ...api,
      kind: "ValidatingAdmissionPolicy",
      metadata,
      spec: {
        matchConstraints: { resourceRules: [rule] },
        validations: [{ expression: "false", message: POLICY_WORDS }],
      },
    };
    const matchResources = {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    };
    const spec = { policyName: metadata.name, validationActions: ["Deny"], matchResources };
    const binding = { ...api, kind: "ValidatingAdmissionPolicyBinding", metadata, spec };
    await world.kubectl(["create", "-f", "-"], { apiVersion: "v1", kind: "List", items: [policy, binding] });
    const probe = ["-n", namespace, "run", "probe", "--image=none:1", "--dry-run=server"];
    await eventually(
      () => kubectl(world.whole.cluster, probe),
      ({ stderr }) => stderr.includes(POLICY_WORDS),
    );
  }
});

const POLICY_WORDS = "agents do not run in this namespace";
const THROTTLED = "The API server asks for fewer requests.";

function environment(sandbox: JsonObject): object {
  const spec = {
    ...PLAIN_ENVIRONMENT,
    sandbox: { image: "registry.example/none:1", ...sandbox },
    tools: [{ name: "look", parameters: { type: "object" }, exec: { argv: ["true"] } }],
  };
  return { apiVersion: "rollyard.dev/v1alpha1", kind: "Environment", metadata: { name: "plain" }, spec };
}

/** What the scheduler finds room for by taking it from others. */
function urgentPod(): readonly object[] {
  const api = { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass" };
  const container = {
    name: "main",
    image: "registry.example/none:1",
    resources: { requests: { cpu: "700" } },
  };
  const spec = { priorityClassName: "urgent", automountServiceAccountToken: false, containers: [container] };
  return [
    { ...api, metadata: { name: "urgent" }, value: 1000 },
    { apiVersion: "v1", kind: "Pod", metadata: { name: "urgent" }, spec },
  ];
}

function statusOf(job: JsonObject | null, field: string): JsonObject {
  return objectOrEmpty(objectOrEmpty(job?.["status"])[field]);
}

function activeIn(job: JsonObject | null): number {
  return Number(statusOf(job, "rollouts")["active"]);
}

/** Whether its status is about its spec as it is now. */
function isSeen(job: JsonObject | null): boolean {
  const { generation } = objectOrEmpty(job?.["metadata"]);
  return objectOrEmpty(job?.["status"])["observedGeneration"] === generation;
}

/** Of an object, as subjects have it. */
function uidOnBus(job: JsonObject | null): string {
  return busUid(textOrUndefined(objectOrEmpty(job?.["metadata"])["uid"]) ?? "");
}
