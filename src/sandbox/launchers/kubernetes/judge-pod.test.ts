import { describe, expect, it } from "vitest";
import { SharedTexts } from "../../../lib/shared-texts.ts";
import type { JsonObject } from "../../../lib/json.ts";
import { judgePod } from "./judge-pod.ts";
import type { PodEvidence } from "./judge-pod.ts";
import { viewPod } from "./pod-view.ts";

interface Found {
  readonly status?: JsonObject;
  readonly nodeName?: string | null;
  readonly isDeleting?: boolean;
}

const pod = ({ status = {}, nodeName = "node-1", isDeleting = false }: Found) =>
  viewPod(
    {
      metadata: {
        namespace: "ns",
        name: "p",
        uid: "u",
        resourceVersion: "1",
        ...(isDeleting ? { deletionTimestamp: "2026-11-01T00:00:00Z" } : {}),
      },
      spec: { ...(nodeName === null ? {} : { nodeName }) },
      status: { phase: "Running", ...status },
    } as never,
    { texts: new SharedTexts() },
  );

const judge = (found: Found | null, fields: Partial<PodEvidence> = {}) =>
  judgePod({
    pod: found === null ? null : pod(found),
    node: { kind: "alive" },
    wasReady: false,
    startingMs: 0,
    stuckMs: 0,
    endedMs: 0,
    readySeconds: 300,
    ...fields,
  });

const READY = { wasReady: true } as const;
const condition = (type: string, status: string, more: JsonObject = {}): JsonObject => ({
  type,
  status,
  ...more,
});
const ended = (terminated: JsonObject, more: JsonObject = {}): JsonObject => ({
  phase: "Failed",
  containerStatuses: [{ name: "sandbox", state: { terminated } }],
  ...more,
});
const waiting = (reason: string, message: string, list = "containerStatuses"): JsonObject => ({
  phase: "Pending",
  [list]: [
    {
      name: list === "containerStatuses" ? "sandbox" : "install-sandboxd",
      state: { waiting: { reason, message } },
    },
  ],
});
const target = (reason: string): JsonObject => ({
  conditions: [condition("DisruptionTarget", "True", { reason, message: "words" })],
});
const lost = (detail: string) => ({ kind: "ended", end: { kind: "node_lost", detail } });

describe("a sandbox that was ready", () => {
  it.each<[string, Found | null, Partial<PodEvidence>, object]>([
    ["lives", { status: { conditions: [condition("Ready", "True")] } }, {}, { kind: "ready" }],
    [
      "lives on while its probe fails",
      { status: { conditions: [condition("Ready", "False")] } },
      {},
      { kind: "ready" },
    ],
    [
      "was ended by its agent",
      { status: ended({ exitCode: 137, signal: 9, reason: "Error", message: "forged" }) },
      {},
      {
        kind: "ended",
        end: { kind: "killed_by_agent", exitCode: 137, signal: "9", facts: { container_reason: "Error" } },
      },
    ],
    [
      "ran out of its own memory",
      { status: ended({ exitCode: 137, reason: "OOMKilled" }) },
      {},
      { end: { kind: "killed_by_agent", facts: { container_reason: "OOMKilled" } } },
    ],
    [
      "filled its own disk",
      {
        status: {
          phase: "Failed",
          reason: "Evicted",
          message: "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ",
        },
      },
      {},
      { end: { kind: "killed_by_agent", facts: { pod_reason: "Evicted" } } },
    ],
    [
      "is being ended, by whom the kubelet says last",
      { status: ended({ exitCode: 0, reason: "Completed" }, { phase: "Running" }) },
      { endedMs: 9_999 },
      { kind: "ready" },
    ],
    [
      "ended, and its kubelet says no more",
      { status: ended({ exitCode: 0, reason: "Completed" }, { phase: "Running" }) },
      { endedMs: 10_000 },
      { end: { kind: "killed_by_agent", exitCode: 0 } },
    ],
    [
      "was evicted by a node in need",
      {
        status: ended(
          { exitCode: 137, reason: "Error" },
          {
            reason: "Evicted",
            message: "The node was low on resource: memory.",
            ...target("TerminationByKubelet"),
          },
        ),
      },
      {},
      lost("TerminationByKubelet: words"),
    ],
    [
      "was evicted by the API",
      { status: target("EvictionByEvictionAPI"), isDeleting: true },
      {},
      lost("EvictionByEvictionAPI: words"),
    ],
    ["was preempted", { status: target("PreemptionByScheduler") }, {}, lost("PreemptionByScheduler: words")],
    [
      "was tainted away",
      { status: target("DeletionByTaintManager") },
      {},
      lost("DeletionByTaintManager: words"),
    ],
    ["is deleted by somebody", { isDeleting: true }, {}, lost("the pod was deleted by somebody else")],
    [
      "ended while somebody deleted it",
      { isDeleting: true, status: ended({ exitCode: 0, reason: "Completed" }, { phase: "Succeeded" }) },
      {},
      lost("the pod was deleted by somebody else"),
    ],
    ["is gone", null, {}, lost("the pod was deleted by somebody else")],
    [
      "was on a node that shut down",
      { status: { phase: "Failed", reason: "Terminated", message: "shutdown" } },
      {},
      lost("Terminated: shutdown"),
    ],
    [
      "was lost by its kubelet",
      { status: ended({ exitCode: 137, reason: "ContainerStatusUnknown" }) },
      {},
      { end: { kind: "node_lost" } },
    ],
    [
      "is on a node that is silent for a moment",
      {},
      { node: { kind: "silent", forMs: 9_999 } },
      { kind: "ready" },
    ],
    [
      "is on a node that is silent",
      {},
      { node: { kind: "silent", forMs: 10_000 } },
      lost("the node stopped answering"),
    ],
    ["is on a node that was just deleted", {}, { node: { kind: "absent", forMs: 4_999 } }, { kind: "ready" }],
    [
      "is on a node that was deleted",
      {},
      { node: { kind: "absent", forMs: 5_000 } },
      lost("the node was deleted"),
    ],
    [
      "ended on a node that is silent",
      { status: ended({ exitCode: 137, reason: "Error" }) },
      { node: { kind: "silent", forMs: 0 } },
      lost("the node stopped answering"),
    ],
  ])("%s", (_what, found, evidence, expected) => {
    expect(judge(found, { ...READY, ...evidence })).toMatchObject(expected);
  });

  it("has no words of its agent in the evidence", () => {
    const verdict = judge({ status: ended({ exitCode: 1, reason: "Error", message: "canary" }) }, READY);
    expect(JSON.stringify(verdict)).not.toContain("canary");
  });
});

describe("a sandbox that starts", () => {
  const failure = (code: string, more: object) => ({ kind: "failed", failure: { code, ...more } });
  it.each<[string, Found | null, Partial<PodEvidence>, object]>([
    ["waits for its containers", { status: { phase: "Pending" } }, {}, { kind: "starting" }],
    ["runs, but sandboxd is not ready", {}, { startingMs: 299_999 }, { kind: "starting" }],
    [
      "is ready without an address",
      { status: { conditions: [condition("Ready", "True")] } },
      {},
      { kind: "starting" },
    ],
    [
      "is ready",
      { status: { podIP: "10.0.0.1", conditions: [condition("Ready", "True")] } },
      {},
      { kind: "ready" },
    ],
    [
      "finds no node",
      {
        nodeName: null,
        status: {
          phase: "Pending",
          conditions: [condition("PodScheduled", "False", { reason: "Unschedulable", message: "0/3 nodes" })],
        },
      },
      { startingMs: 1e9 },
      { kind: "backpressure", message: "Unschedulable: 0/3 nodes" },
    ],
    [
      "pulls again",
      { status: waiting("ErrImagePull", "timeout") },
      { stuckMs: 19_999 },
      { kind: "starting" },
    ],
    [
      "can't pull its image",
      { status: waiting("ImagePullBackOff", 'Back-off pulling image "x"') },
      { stuckMs: 20_000 },
      failure("sandbox_unstartable", {
        reason: "ImagePullBackOff",
        words: 'ImagePullBackOff: Back-off pulling image "x"',
      }),
    ],
    [
      "can't pull the image of sandboxd",
      { status: waiting("ErrImagePull", "denied", "initContainerStatuses") },
      { stuckMs: 20_000 },
      failure("sandbox_unstartable", { words: "ErrImagePull: denied" }),
    ],
    [
      "has an image name that is none",
      { status: waiting("InvalidImageName", "bad") },
      {},
      failure("sandbox_unstartable", { reason: "InvalidImageName" }),
    ],
    [
      "is not ready in time",
      {},
      { startingMs: 300_000 },
      failure("sandbox_start_failed", {
        reason: "NotReady",
        words: "not ready within 300 s: sandboxd did not say ready",
      }),
    ],
    [
      "ends before it is ready",
      { status: ended({ exitCode: 2, reason: "Error", message: "sandboxd serve: bad" }) },
      {},
      failure("sandbox_start_failed", { exitCode: 2, words: "Error, exit code 2: sandboxd serve: bad" }),
    ],
    [
      "has no workdir, and may make none",
      { status: ended({ exitCode: 4, reason: "Error", message: "sandboxd serve: the workdir /w …\n" }) },
      {},
      failure("sandbox_start_failed", { reason: "NoWorkdir", words: "sandboxd serve: the workdir /w …" }),
    ],
    [
      "ended, by whom the kubelet says last",
      { status: ended({ exitCode: 2, reason: "Error" }, { phase: "Pending" }) },
      { endedMs: 9_999 },
      { kind: "starting" },
    ],
    [
      "failed in its setup",
      { status: ended({ exitCode: 3, reason: "Error", message: '{"exit_code":4,"output":"no module"}' }) },
      {},
      failure("sandbox_setup_failed", { exitCode: 4, setupOutput: "no module", words: "" }),
    ],
    [
      "could not be given sandboxd",
      {
        status: {
          phase: "Failed",
          initContainerStatuses: [
            { name: "install-sandboxd", state: { terminated: { exitCode: 1, reason: "Error" } } },
          ],
        },
      },
      {},
      failure("sandbox_start_failed", { exitCode: 1 }),
    ],
    [
      "was refused by its kubelet",
      { status: { phase: "Failed", reason: "OutOfcpu", message: "no cpu" } },
      {},
      failure("sandbox_lost", { reason: "OutOfcpu" }),
    ],
    [
      "is evicted",
      { status: target("EvictionByEvictionAPI"), isDeleting: true },
      {},
      failure("sandbox_lost", {}),
    ],
    ["is gone", null, {}, failure("sandbox_lost", { reason: "Deleted" })],
  ])("%s", (_what, found, evidence, expected) => {
    expect(judge(found, evidence)).toMatchObject(expected);
  });
});
