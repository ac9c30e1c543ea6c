import { RollyardError } from "../errors/rollyard-error.ts";
import type { ErrorCode } from "../errors/codes.ts";

/** What to do about a refusal of sandboxd. */
export type RefusalVerdict =
  /** The same request may succeed in a moment. */
  { readonly kind: "again" } | { readonly kind: "error"; readonly error: RollyardError };

const CODES: Readonly<Record<string, ErrorCode>> = {
  bound_elsewhere: "sandbox_fenced",
  stale_epoch: "sandbox_fenced",
  restarted: "sandbox_lost",
  setup_failed: "sandbox_setup_failed",
  permission_denied: "sandbox_write_refused",
  not_a_file: "sandbox_write_refused",
  bad_path: "sandbox_write_refused",
  disk_full: "sandbox_write_refused",
};

/**
 * Judges an answer that is not 200: `starting`, a full slot and an expired token pass (the token is renewed meanwhile);
 * a newer driver is `sandbox_fenced`; what the agent's own files refuse is `sandbox_write_refused`; anything else is a
 * bug of ours, `sandbox_protocol_error`.
 */
export function judgeRefusal(status: number, code: string): RefusalVerdict {
  if (status === 429 || status === 401 || code === "starting") return { kind: "again" };
  const own = CODES[code] ?? "sandbox_protocol_error";
  return { kind: "error", error: new RollyardError(own, { details: { status, refusal: code } }) };
}
