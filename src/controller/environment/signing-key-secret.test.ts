import { describe, expect, it } from "vitest";
import { ScriptedTransport } from "../../../test/support/kube/scripted-transport.ts";
import type { Answer } from "../../../test/support/kube/scripted-transport.ts";
import { VirtualClock } from "../../../test/support/simulation/virtual-clock.ts";
import { KubeClient } from "../../kube/kube-client.ts";
import { objectOrEmpty, textOrUndefined } from "../../lib/half-valid.ts";
import { exportSigningKey, generateSigningKey, importSigningKey } from "../../sandbox/signing-keys.ts";
import { loadSigningKeys, ROTATE_ANNOTATION } from "./signing-key-secret.ts";

const [a, b, c] = [generateSigningKey(), generateSigningKey(), generateSigningKey()] as const;
const NONE: Answer = { status: 404, body: {} };
const DONE: Answer = { status: 200, body: {} };
const CONFLICT: Answer = { status: 409, body: { reason: "Conflict" } };
const EXISTS: Answer = { status: 409, body: { reason: "AlreadyExists" } };
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const secret = (annotations: Readonly<Record<string, string>> = {}): Answer => ({
  status: 200,
  body: {
    metadata: { name: "rollyard-signing-keys", namespace: "system", resourceVersion: "7", annotations },
    data: { "current.pem": base64(exportSigningKey(a)), "next.pem": base64(exportSigningKey(b)) },
  },
});

function load(answers: readonly Answer[], made = [c, a, b]) {
  const clock = new VirtualClock();
  const transport = new ScriptedTransport(clock, answers);
  const next = [...made];
  const keys = loadSigningKeys(new KubeClient(transport, clock), "system", () => next.shift() ?? c);
  return { transport, kids: keys.then(({ current, next: after }) => [current.kid, after.kid]) };
}

describe("a signing key as text", () => {
  it("is the same key again, and nothing else is one", () => {
    expect(importSigningKey(exportSigningKey(a))).toMatchObject({ kid: a.kid, x: a.x });
    expect(importSigningKey("nonsense")).toBeNull();
  });
});

describe("loadSigningKeys", () => {
  it("reads what is there", async () => {
    const { transport, kids } = load([secret()]);
    expect(await kids).toEqual([a.kid, b.kid]);
    expect(transport.asked).toEqual(["GET /api/v1/namespaces/system/secrets/rollyard-signing-keys"]);
  });

  it("makes them where there are none", async () => {
    const { transport, kids } = load([NONE, DONE]);
    expect(await kids).toEqual([c.kid, a.kid]);
    expect(transport.asked.at(-1)).toBe("POST /api/v1/namespaces/system/secrets");
    const { stringData } = objectOrEmpty(transport.bodies[0]);
    const current = textOrUndefined(objectOrEmpty(stringData)["current.pem"]) ?? "";
    expect(importSigningKey(current)?.kid).toBe(c.kid);
  });

  it("takes those of another process that was faster", async () => {
    expect(await load([NONE, EXISTS, secret()]).kids).toEqual([a.kid, b.kid]);
  });

  it("lets the next key follow the current one when that was asked for, once", async () => {
    const { transport, kids } = load([secret({ [ROTATE_ANNOTATION]: "yes" }), DONE]);
    expect(await kids).toEqual([b.kid, c.kid]);
    const { metadata } = objectOrEmpty(transport.bodies[0]);
    expect(metadata).toMatchObject({ resourceVersion: "7" });
    expect(objectOrEmpty(metadata)["annotations"]).toBeUndefined();
  });

  it("takes what another process has rotated to meanwhile", async () => {
    const { kids } = load([secret({ [ROTATE_ANNOTATION]: "yes" }), CONFLICT, secret()]);
    expect(await kids).toEqual([a.kid, b.kid]);
  });

  it("says what to do about a Secret that holds something else", async () => {
    const other = { status: 200, body: { metadata: { name: "x", resourceVersion: "1" }, data: {} } };
    await expect(load([other]).kids).rejects.toThrow("delete it, and it is made anew");
  });
});
