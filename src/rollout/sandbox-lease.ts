import type { SandboxSession } from "../sandbox/port.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import type { FailureRecord, LeasedSandbox } from "./state.ts";

/** A claim for the sandbox of an attempt. */
export interface SandboxClaim {
  readonly ref: AttemptRef;
  readonly purpose: "agent" | "grade";
  /** Stream sequence of the driver's `driver.attached`; a grader's is `last_seq`; 0 for a trace's tool calls. */
  readonly epoch: number;
  readonly generation: number;
  /** The sandbox that does not answer any more, when generation is above 0. */
  readonly lostSandboxUid: string | null;
}

/** How a claim ended. */
export type ClaimOutcome =
  | {
      readonly kind: "leased";
      readonly session: SandboxSession;
      readonly lease: LeasedSandbox;
      /** Drops the session's connections and token renewal; the sandbox stays leased. */
      readonly close: () => Promise<void>;
    }
  /** The driver seals the attempt with it; code `sandbox_killed` is a stop reason, not a failure. */
  | { readonly kind: "failed"; readonly failure: FailureRecord }
  /** The attempt is sealed or ended: stop. */
  | { readonly kind: "gone" };

/** How a driver gets and gives back its sandbox. */
export interface SandboxClaims {
  /** Waits as long as it takes; ends early only by the signal, with `gone`. */
  claim(claim: SandboxClaim, signal: AbortSignal): Promise<ClaimOutcome>;
  /** Says that nobody needs the attempt's sandbox any more; may be lost, then the outcome frees it. */
  release(ref: AttemptRef): void;
}
