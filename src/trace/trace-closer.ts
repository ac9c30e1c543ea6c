import type { LogStore } from "../bus/port.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import type { Clock } from "../lib/clock.ts";
import { closeAttempt } from "../rollout/close-attempt.ts";
import type { SandboxClaims } from "../rollout/sandbox-lease.ts";
import type { RolloutState } from "../rollout/state.ts";
import type { TraceSandbox } from "./trace-sandbox.ts";
import type { TraceSetup } from "./trace-setup.ts";
import { attemptOf } from "./trace-state.ts";

/** What sealed traces are sent on with. */
export interface TraceCloserParts {
  readonly ref: AttemptRef;
  readonly setup: TraceSetup;
  readonly sandbox: TraceSandbox;
  readonly store: Pick<LogStore, "publish">;
  readonly claims: Pick<SandboxClaims, "release">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Sends a sealed trace to its grade, or to be settled. */
export class TraceCloser {
  readonly #parts: TraceCloserParts;

  constructor(parts: TraceCloserParts) {
    this.#parts = parts;
  }

  /**
   * Safe to repeat, by any process: the work has one slot, and its outcome is recorded once. Resolves once the request is stored.
   * Rejects with `bus_unavailable` when this process ends before.
   */
  async close(state: RolloutState): Promise<void> {
    const { ref, sandbox, setup, claims, store, clock, signal } = this.#parts;
    const seal = attemptOf(state)?.seal ?? null;
    if (seal === null) return;
    const isRead = seal.kind === "stopped" && setup.gradingNeedsSandbox;
    // Without a call there is none yet: whoever grades gets a fresh one.
    if (isRead && (attemptOf(state)?.sandboxes.length ?? 0) > 0) await sandbox.freeze();
    const lastSequence = state.lastSequence;
    await closeAttempt({ store, clock, signal }, { ref, seal, lastSequence, outcomeAfter: 0n });
    await sandbox.close();
    if (!isRead) claims.release(ref);
  }
}
