import { encodeStored } from "../bus/envelope.ts";
import type { LogStore } from "../bus/port.ts";
import { workSubject } from "../bus/subjects.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { GradeRequestSchema, SettleRequestSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { Clock } from "../lib/clock.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import { sealFailure } from "./seal-failure.ts";
import type { Seal } from "./state.ts";

/** A sealed attempt on its way to its outcome. */
export interface SealedAttempt {
  readonly ref: AttemptRef;
  readonly seal: Seal;
  /** Stream sequence of the sealing message. */
  readonly lastSequence: number;
  /** Stream sequence of the previous attempt's outcome, 0 for the first. */
  readonly outcomeAfter: bigint;
}

/** What sending needs of the world. */
export interface CloseDeps {
  readonly store: Pick<LogStore, "publish">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Sends the request that ends a sealed attempt: grade when it stopped, settle otherwise. Safe to repeat: the one slot
 * of the attempt refuses a second. Resolves once it is stored; rejects with `bus_unavailable` when shut down before.
 */
export async function closeAttempt(deps: CloseDeps, sealed: SealedAttempt): Promise<void> {
  const { seal } = sealed;
  const message = seal.kind === "stopped" ? gradeRequest(sealed) : settleRequest(sealed, seal);
  await storeWork(deps, message);
}

/** Stores one piece of work in its slot, however long it takes. */
export async function storeWork(
  deps: CloseDeps,
  message: { readonly subject: string; readonly payload: Uint8Array },
): Promise<void> {
  for (let delayMs = 20; !deps.signal.aborted; delayMs = Math.min(delayMs * 2, 1000)) {
    const result = await deps.store.publish(message);
    // A taken slot holds this very request: the subject names the attempt.
    if (result.kind === "stored" || result.kind === "slot_taken") return;
    await deps.clock.sleep(delayMs, deps.signal);
  }
  throw new RollyardError("bus_unavailable", { message: "Stopped before a request could be stored." });
}

interface WorkMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
}

function gradeRequest({ ref, seal, lastSequence, outcomeAfter }: SealedAttempt): WorkMessage {
  const payload = encodeStored(GradeRequestSchema, {
    ref,
    lastSeq: BigInt(lastSequence),
    outcomeAfter,
    stoppedAtMs: seal.atMs,
  });
  return { subject: workSubject("grade", ref, ref.attempt), payload };
}

function settleRequest(
  { ref, lastSequence, outcomeAfter }: SealedAttempt,
  seal: Exclude<Seal, { kind: "stopped" }>,
): WorkMessage {
  const failure = sealFailure(seal);
  const payload = encodeStored(SettleRequestSchema, {
    ref,
    lastSeq: BigInt(lastSequence),
    outcomeAfter,
    ...failure,
    evidence: { ...failure.evidence },
    sender: "worker",
  });
  return { subject: workSubject("settle", ref, ref.attempt), payload };
}
