import { describe, expect, it } from "vitest";
import { sandboxSpecSchema } from "../../../environment/sandbox-spec.ts";
import type { KubeObject } from "../../../kube/kube-object.ts";
import { SharedTexts } from "../../../lib/shared-texts.ts";
import { generateSigningKey, publicKeysOf } from "../../signing-keys.ts";
import { judgePod } from "./judge-pod.ts";
import { viewPod } from "./pod-view.ts";
import { sandboxPod } from "./sandbox-pod.ts";

const KEYS = [generateSigningKey(), generateSigningKey(), generateSigningKey()] as const;
const [FIRST, SECOND, THIRD] = KEYS;

const POD = sandboxPod(
  {
    sandboxUid: "a1",
    spec: sandboxSpecSchema.parse({ image: "x" }),
    localFolder: null,
    publicKeys: publicKeysOf({ current: FIRST, next: SECOND }),
  },
  {
    owner: { namespace: "ns", name: "env", uid: "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0" },
    sandboxdImage: "x",
    nameservers: [],
  },
);

function judgedUnder(kid: string | undefined) {
  const live = {
    ...POD,
    metadata: { ...POD.metadata, uid: "u", resourceVersion: "1" },
    status: { phase: "Running", podIP: "10.0.0.1", conditions: [{ type: "Ready", status: "True" }] },
  } as unknown as KubeObject;
  return judgePod({
    pod: viewPod(live, { texts: new SharedTexts(), kid }),
    node: { kind: "alive" },
    wasReady: true,
    startingMs: 0,
    endedMs: 0,
    stuckMs: 0,
    readySeconds: 300,
  });
}

describe("a sandbox whose signing keys are rotated", () => {
  it("goes on under the two keys that it knows", () => {
    for (const { kid } of [FIRST, SECOND]) expect(judgedUnder(kid)).toEqual({ kind: "ready" });
    expect(judgedUnder(undefined)).toEqual({ kind: "ready" });
  });

  it("is lost once a key signs that it does not know, for it obeys nobody any more", () => {
    expect(judgedUnder(THIRD.kid)).toEqual({
      kind: "ended",
      end: { kind: "node_lost", detail: "the signing keys that it knows were rotated away" },
    });
  });
});
