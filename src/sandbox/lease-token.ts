import { sign } from "node:crypto";
import type { SigningKeySet } from "./signing-keys.ts";

/** Who a lease token is for. */
export interface LeaseTokenSubject {
  /** The token's audience: only this sandbox accepts it. */
  readonly sandboxUid: string;
  /** Rollout id; with the attempt it binds the sandbox for ever. */
  readonly rollout: string;
  readonly attempt: number;
  /** Stream sequence that fences older drivers of the same attempt. */
  readonly epoch: bigint;
}

/** A signed token and when it stops being accepted, milliseconds since the Unix epoch. */
export interface LeaseToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

/**
 * Signs a lease token: a compact JWT (RFC 7519) with EdDSA over Ed25519 (RFC 8037), claims
 * `aud, rollout, attempt, epoch, exp`, the key id in the header. `exp` is in whole seconds and rounded up, so a token
 * lives at least until `expiresAtMs`.
 */
export function signLeaseToken(
  keys: SigningKeySet,
  subject: LeaseTokenSubject,
  expiresAtMs: number,
): LeaseToken {
  const header = encode({ alg: "EdDSA", typ: "JWT", kid: keys.current.kid });
  const body = encode({
    aud: subject.sandboxUid,
    rollout: subject.rollout,
    attempt: subject.attempt,
    epoch: Number(subject.epoch),
    exp: Math.ceil(expiresAtMs / 1000),
  });
  const signature = sign(null, Buffer.from(`${header}.${body}`), keys.current.privateKey);
  return { token: `${header}.${body}.${signature.toString("base64url")}`, expiresAtMs };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
