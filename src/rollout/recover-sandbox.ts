import type { Recovery } from "./recovery.ts";
import type { SandboxClaim } from "./sandbox-lease.ts";
import type { AttemptState, LeasedSandbox } from "./state.ts";

/** Sandboxes after its first that an attempt may have: whoever loses more is unlucky in a way that a retry tells. */
export const MAX_REPLACEMENTS = 3;

/** Which of an attempt's sandboxes a driver claims. */
export type ClaimedSandbox = Pick<SandboxClaim, "generation" | "lostSandboxUid">;

/** The claim for the sandbox that the attempt has, or for its first one. */
export function claimOfCurrent(attempt: AttemptState): ClaimedSandbox {
  return { generation: attempt.sandboxes.at(-1)?.generation ?? 0, lostSandboxUid: null };
}

/**
 * The claim after the attempt's sandbox failed: for another one where the attempt may go on in it, else for the same
 * one, to hear what became of it.
 */
export function claimAfterLoss(attempt: AttemptState, recovery: Recovery): ClaimedSandbox {
  const last = attempt.sandboxes.at(-1);
  if (last === undefined || !mayReplace(attempt, recovery)) return claimOfCurrent(attempt);
  return { generation: last.generation + 1, lostSandboxUid: last.sandboxUid };
}

/** What a lease is to the attempt. */
export type LeaseVerdict =
  /** The sandbox on record: everything that ran is in it. */
  | "same"
  /** Another one that the attempt may have: to be recorded. */
  | "new"
  /** Another one, without what ran before: the attempt's own is lost, whatever the broker remembers. */
  | "lost";

/** Judges a lease by the sandbox on record, which alone decides whose files the attempt goes on with. */
export function judgeLease(
  attempt: AttemptState,
  lease: Pick<LeasedSandbox, "sandboxUid">,
  recovery: Recovery,
): LeaseVerdict {
  const last = attempt.sandboxes.at(-1);
  if (last?.sandboxUid === lease.sandboxUid) return "same";
  const hasNothingToLose = last === undefined || attempt.turns.every(({ calls }) => calls.length === 0);
  return hasNothingToLose || mayReplace(attempt, recovery) ? "new" : "lost";
}

function mayReplace(attempt: AttemptState, recovery: Recovery): boolean {
  return recovery.kind === "replay" && attempt.sandboxes.length <= MAX_REPLACEMENTS;
}
