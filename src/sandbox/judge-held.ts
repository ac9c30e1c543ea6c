import type { ErrorCode } from "../errors/codes.ts";
import { assertNever } from "../lib/assert-never.ts";
import type { SandboxEnd } from "./port.ts";
import type { Purpose } from "./purpose.ts";

/** A sandbox that was given to the claiming attempt before. */
export interface HeldView {
  readonly purpose: Purpose;
  readonly sandboxUid: string;
  readonly generation: number;
  /** Null while it lives. */
  readonly ended: SandboxEnd | null;
}

/** What the claimant says. */
export interface AskedGeneration {
  readonly generation: number;
  /** The sandbox that it says was lost, or empty. */
  readonly lostSandboxUid: string;
}

/** What an asking for a sandbox that was given before comes to. */
export type HeldVerdict =
  /** It lives: the same sandbox with a fresh token. */
  | { readonly kind: "renew" }
  /** The claimant gets the next generation. */
  | { readonly kind: "replace" }
  | {
      readonly kind: "failed";
      readonly code: ErrorCode;
      readonly details: Readonly<Record<string, string>>;
    }
  /** A later generation is given. */
  | { readonly kind: "gone" };

/**
 * Decides by what the launcher saw, never by what the claimant says: a claim of a loss that did not happen renews the
 * living sandbox, and the agent's own kill is data, not a loss that buys a new one. `mayReplace`: the environment
 * recovers by replay into a new sandbox of the same attempt. A driver that knows an older generation took over from one
 * that ended before it could record its last lease: it gets what the attempt has.
 */
export function judgeHeld(held: HeldView, asked: AskedGeneration, mayReplace: boolean): HeldVerdict {
  if (held.purpose === "grade") {
    if (asked.generation < held.generation) return { kind: "gone" };
    // A grader's sandbox holds no state, and the grader is one of us: its word is enough.
    if (isNextGeneration(held, asked)) return { kind: "replace" };
  }
  if (held.ended === null) return { kind: "renew" };
  switch (held.ended.kind) {
    case "killed_by_agent":
      return { kind: "failed", code: "sandbox_killed", details: killDetails(held.ended) };
    case "node_lost":
    case "stopped":
      return mayReplace && claimsLoss(held, asked) ? { kind: "replace" } : lost(held.ended);
    default:
      return assertNever(held.ended);
  }
}

/** Whether the claimant is ready to replay: it names the lost sandbox, or one before it if it knows no later one. */
function claimsLoss(held: HeldView, asked: AskedGeneration): boolean {
  const knowsOlder = asked.generation <= held.generation && asked.lostSandboxUid !== held.sandboxUid;
  return isNextGeneration(held, asked) || (knowsOlder && asked.lostSandboxUid !== "");
}

function isNextGeneration(held: HeldView, asked: AskedGeneration): boolean {
  return asked.generation === held.generation + 1 && asked.lostSandboxUid === held.sandboxUid;
}

function killDetails(end: Extract<SandboxEnd, { kind: "killed_by_agent" }>): Record<string, string> {
  const exitCode = end.exitCode === null ? {} : { exit_code: String(end.exitCode) };
  const signal = end.signal === null ? {} : { signal: end.signal };
  return { ...end.facts, ...exitCode, ...signal };
}

function lost(end: Exclude<SandboxEnd, { kind: "killed_by_agent" }>): HeldVerdict {
  const reason = end.kind === "node_lost" ? end.detail : "stopped";
  return { kind: "failed", code: "sandbox_lost", details: { reason } };
}
