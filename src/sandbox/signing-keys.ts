import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
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
  return signingKeyOf(generateKeyPairSync("ed25519").privateKey);
}

/** A private key as text, PKCS #8 in PEM; the public half and the key id follow from it. */
export function exportSigningKey({ privateKey }: SigningKey): string {
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** Reads what {@link exportSigningKey} wrote; null when the text is no Ed25519 key. */
export function importSigningKey(text: string): SigningKey | null {
  try {
    const privateKey = createPrivateKey(text);
    return privateKey.asymmetricKeyType === "ed25519" ? signingKeyOf(privateKey) : null;
  } catch {
    return null;
  }
}

function signingKeyOf(privateKey: KeyObject): SigningKey {
  const x = createPublicKey(privateKey).export({ format: "jwk" }).x ?? "";
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
