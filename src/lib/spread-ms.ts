import { createHash } from "node:crypto";

/** Milliseconds from 0 to below `belowMs`, spread evenly over texts: the same text has the same. */
export function spreadMs(text: string, belowMs: number): number {
  return createHash("sha256").update(text).digest().readUInt32BE() % belowMs;
}
