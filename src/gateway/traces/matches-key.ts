import { createHash, timingSafeEqual } from "node:crypto";

/** The keys in a secret's value: one a line, so that a new one can be added before the old one goes. */
export function keysIn(value: string): readonly string[] {
  return value.split(/\r?\n/u).flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
}

/** Whether the key is one of them. Takes as long for a near miss as for any other: digests are compared, and always all of them. */
export function matchesKey(given: string, keys: readonly string[]): boolean {
  const digest = digestOf(given);
  return keys.map((key) => timingSafeEqual(digestOf(key), digest)).includes(true);
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
