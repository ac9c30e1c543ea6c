import { createHmac, timingSafeEqual } from "node:crypto";

/** Name under which a command tells that what comes now may be the agent's code. */
const BEGUN = "begun";

const SIGNATURE = /^[0-9a-f]{64}$/u;

/**
 * The body of a result file that whoever knows the run's key has signed: its first line is the HMAC-SHA256 (hex) of all
 * that follows it. Null for any other file. The key itself is on no disk, so that nobody can sign what they read.
 */
export function signedBody(file: Uint8Array | null, key: string): Uint8Array | null {
  if (file === null) return null;
  const end = file.indexOf(0x0a);
  const signature = new TextDecoder().decode(file.subarray(0, Math.max(0, end)));
  const body = file.subarray(end + 1);
  return isSignature(signature, body, key) ? body : null;
}

/** Whether a command said on its stdout, signed, that it was about to run the agent's code. */
export function hasBegun(stdout: string, key: string): boolean {
  const [line = ""] = stdout.split("\n");
  const [word, signature = ""] = line.split(" ");
  return word === BEGUN && isSignature(signature, new TextEncoder().encode(BEGUN), key);
}

function isSignature(signature: string, body: Uint8Array, key: string): boolean {
  if (!SIGNATURE.test(signature)) return false;
  const own = createHmac("sha256", key).update(body).digest();
  return timingSafeEqual(own, Buffer.from(signature, "hex"));
}
