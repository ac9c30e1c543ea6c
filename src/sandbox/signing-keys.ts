import { createHash, generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** A public key as sandboxd takes it: `x` is the raw Ed25519 key in base64url (RFC 8037). */
export interface PublicSigningKey {
  readonly kid: string;
  readonly x: string;
}

/** One key pair; the key id follows from the public key. */
export interface SigningKey extends PublicSigningKey {
  readonly privateKey: KeyObject;
}

/** What signs lease tokens now, and what will after a rotation: sandboxes learn both when they are created. */
export interface SigningKeySet {
  readonly current: SigningKey;
  readonly next: SigningKey;
}

/** Makes a key pair. */
export function generateSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const x = publicKey.export({ format: "jwk" }).x ?? "";
  const kid = createHash("sha256").update(x).digest("base64url").slice(0, 16);
  return { kid, x, privateKey };
}

/** Makes both keys of a set; a local run keeps them in memory only. */
export function generateSigningKeys(): SigningKeySet {
  return { current: generateSigningKey(), next: generateSigningKey() };
}

/** The public half, for {@link import("./port.ts").LaunchRequest}. */
export function publicKeysOf(keys: SigningKeySet): readonly PublicSigningKey[] {
  return [keys.current, keys.next].map(({ kid, x }) => ({ kid, x }));
}
