import type { Evidence, FailureRecord } from "./state.ts";
import type { StopReason } from "./stop-reason.ts";

/** How an agent's loop ended. */
export type LoopEnd =
  | { readonly kind: "stopped"; readonly reason: StopReason; readonly evidence: Evidence }
  | { readonly kind: "failed"; readonly failure: FailureRecord }
  | { readonly kind: "drained" }
  /** Fenced, cancelled, or the broker says that the attempt has ended: leave it alone. */
  | { readonly kind: "dropped" };
