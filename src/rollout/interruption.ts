import type { LoopEnd } from "./loop-end.ts";

/** Whether to leave the attempt: for ever, or to another worker. Null to go on. */
export function interruption(signal: AbortSignal, drain: AbortSignal): LoopEnd | null {
  if (signal.aborted) return { kind: "dropped" };
  return drain.aborted ? { kind: "drained" } : null;
}
