import { describe, expect, it } from "vitest";
import { dialledBy } from "./probe-objects.ts";
import { probeVerdict } from "./probe-verdict.ts";
import type { Dialled } from "./probe-verdict.ts";

const connected: Dialled = { kind: "connected" };
const refused: Dialled = { kind: "refused" };
const unknown: Dialled = { kind: "unknown", detail: "no room." };

describe("probeVerdict", () => {
  it.each([
    ["enforced when only the pod without a policy gets through", connected, refused, { kind: "enforced" }],
    ["not enforced when the shut pod gets through", connected, connected, { kind: "not_enforced" }],
    ["not enforced when only the shut pod gets through", unknown, connected, { kind: "not_enforced" }],
    ["unknown when nobody gets through", refused, refused, { kind: "unknown", reason: "ProbeCutOff" }],
    ["unknown when the shut pod never ran", connected, unknown, { kind: "unknown", reason: "ProbeFailed" }],
    ["unknown when the open pod never ran", unknown, refused, { kind: "unknown", reason: "ProbeFailed" }],
  ] as const)("is %s", (_name, open, shut, verdict) => {
    expect(probeVerdict(open, shut)).toMatchObject(verdict);
  });
});

describe("dialledBy", () => {
  const ended = (terminated: object) =>
    dialledBy({
      metadata: { name: "p", uid: "u", resourceVersion: "1" },
      status: { phase: "Failed", containerStatuses: [{ state: { terminated } }] },
    } as Parameters<typeof dialledBy>[0]);

  it.each([
    ["connected by exit code 0", { exitCode: 0 }, connected],
    ["refused by exit code 3", { exitCode: 3 }, refused],
    [
      "unknown by any other",
      { exitCode: 127, reason: "ContainerCannotRun" },
      { kind: "unknown", detail: "a pod of the probe failed (ContainerCannotRun)." },
    ],
  ] as const)("is %s", (_name, terminated, dialled) => {
    expect(ended(terminated)).toEqual(dialled);
  });

  it("is not known while the pod runs", () => {
    const pod = { metadata: { name: "p", uid: "u", resourceVersion: "1" }, status: { phase: "Running" } };
    expect(dialledBy(pod as Parameters<typeof dialledBy>[0])).toBeNull();
  });
});
