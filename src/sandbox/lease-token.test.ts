import { createPublicKey, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { signLeaseToken } from "./lease-token.ts";
import { generateSigningKeys, publicKeysOf } from "./signing-keys.ts";

const keys = generateSigningKeys();
const subject = { sandboxUid: "box1", rollout: "0123456789ab-3-1", attempt: 2, epoch: 41n };

function partsOf(token: string): { header: unknown; claims: unknown; signed: string; signature: string } {
  const [header = "", body = "", signature = ""] = token.split(".");
  const read = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString());
  return { header: read(header), claims: read(body), signed: `${header}.${body}`, signature };
}

describe("a lease token", () => {
  it("names the sandbox, the rollout, the attempt, the epoch and the expiry", () => {
    const { token, expiresAtMs } = signLeaseToken(keys, subject, 1_000_500);
    expect(partsOf(token).claims).toEqual({
      aud: "box1",
      rollout: "0123456789ab-3-1",
      attempt: 2,
      epoch: 41,
      exp: 1001,
    });
    expect(expiresAtMs).toBe(1_000_500);
  });

  it("verifies under the current public key alone", () => {
    const parts = partsOf(signLeaseToken(keys, subject, 1).token);
    const [current, next] = publicKeysOf(keys);
    const verifies = (x: string | undefined): boolean =>
      verify(
        null,
        Buffer.from(parts.signed),
        createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: x ?? "" }, format: "jwk" }),
        Buffer.from(parts.signature, "base64url"),
      );
    expect(verifies(current?.x)).toBe(true);
    expect(verifies(next?.x)).toBe(false);
    expect(parts.header).toMatchObject({ alg: "EdDSA", kid: current?.kid });
  });

  it("shows sandboxes nothing but public keys", () => {
    for (const key of publicKeysOf(keys)) expect(Object.keys(key)).toEqual(["kid", "x"]);
  });
});
