import { createHash } from "node:crypto";

/** The digest before an attempt's first message: 32 zero bytes in hex. */
export const EMPTY_DIGEST = "0".repeat(64);

/** h_n = SHA-256(h_{n-1} ‖ payload), hex in and out. */
export function nextDigest(previousHex: string, payload: Uint8Array): string {
  return createHash("sha256").update(previousHex, "hex").update(payload).digest("hex");
}
