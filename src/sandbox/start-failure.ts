import type { RollyardError } from "../errors/rollyard-error.ts";

/** Whom a failed start is told to: every claim of its template that waits, the one that it was for, or none. */
export type ToldTo = "everyone" | "one" | "nobody";

/** What is known of a start that failed. */
export interface FailedStartView {
  readonly code: RollyardError["code"];
  readonly failureClass: RollyardError["failureClass"];
  /** The template is the environment's own one, not that of an item or of an older job. */
  readonly isOwn: boolean;
  /** Of a breaker that is open. */
  readonly wasTrial: boolean;
}

/**
 * Decides who hears of a failed start. A cluster that has no room, and one that took a sandbox away before anybody had it,
 * cost no attempt. Nor does an environment that the cluster can't start at all: its claims wait until somebody has mended it.
 * But an item's own image that can't be started is that rollout's failure, or its job would never end.
 */
export function toldOf({ code, failureClass, isOwn, wasTrial }: FailedStartView): ToldTo {
  if (code === "sandbox_no_room" || code === "sandbox_lost") return "nobody";
  if (code === "sandbox_unstartable" && isOwn) return "nobody";
  return wasTrial || failureClass === "config" ? "everyone" : "one";
}
