/** What a job's process here does: nothing, its rollouts, or only the counting of those that are left. */
export type RunnerMode = "none" | "runs" | "watches" | "ended";

/** What is observed of one RolloutJob. */
export interface JobView {
  readonly isDeleting: boolean;
  readonly hasFinalizer: boolean;
  readonly suspend: boolean;
  readonly ttlSeconds: number | null;
  /** When its end was written into its status; null while it has none. A written end is the last word. */
  readonly endedAtMs: number | null;
  /** Whether its status says that its record was lost. */
  readonly isRecordLost: boolean;
  /** Whether its rollouts were ever begun. */
  readonly isStarted: boolean;
  /** Whether what was under way when it was suspended has been cancelled. */
  readonly isPaused: boolean;
  readonly runner: RunnerMode;
  /** Whether what its runner works by is still what is wanted. */
  readonly isCurrent: boolean;
}

/** The one next thing to do for a job. */
export type JobStep =
  | { readonly kind: "add_finalizer" }
  /** Find all that it refers to and record what it runs with. */
  | { readonly kind: "start" }
  | { readonly kind: "run" }
  /** Dispatch nothing, and count what is still under way. */
  | { readonly kind: "watch" }
  /** Cancel what is under way, so that it can go on later. */
  | { readonly kind: "suspend" }
  /** End the runner; the next look begins another one. */
  | { readonly kind: "stop_runner" }
  /** Remove all of its records, then the finalizer. */
  | { readonly kind: "purge" }
  /** Delete the object: its time to live is over. */
  | { readonly kind: "expire" }
  | { readonly kind: "rest"; readonly againAfterMs: number | null };

const REST: JobStep = { kind: "rest", againAfterMs: null };

/**
 * Decides the next step. Records are never made before the finalizer that removes them is there. A job whose end is
 * written, or whose record was lost, is never planned again. Pure.
 */
export function planJob(view: JobView, nowMs: number): JobStep {
  if (view.isDeleting) return view.hasFinalizer ? { kind: "purge" } : REST;
  if (!view.hasFinalizer) return { kind: "add_finalizer" };
  if (view.endedAtMs !== null) return planAfterlife(view, view.endedAtMs, nowMs);
  if (view.isRecordLost || view.runner === "ended") return REST;
  return view.suspend ? planSuspended(view) : planRunning(view);
}

function planAfterlife({ runner, ttlSeconds }: JobView, endedAtMs: number, nowMs: number): JobStep {
  if (runner !== "none") return { kind: "stop_runner" };
  if (ttlSeconds === null) return REST;
  const leftMs = endedAtMs + ttlSeconds * 1000 - nowMs;
  return leftMs <= 0 ? { kind: "expire" } : { kind: "rest", againAfterMs: leftMs };
}

function planSuspended({ isStarted, isPaused, runner, isCurrent }: JobView): JobStep {
  if (runner === "runs") return { kind: "suspend" };
  if (runner === "watches") return isCurrent ? REST : { kind: "stop_runner" };
  if (!isStarted) return REST;
  // Only what runs can be suspended: a leader may have gone in the middle of it.
  return { kind: isPaused ? "watch" : "run" };
}

function planRunning({ isStarted, runner, isCurrent }: JobView): JobStep {
  if (!isStarted) return { kind: "start" };
  if (runner === "none") return { kind: "run" };
  return runner === "watches" || !isCurrent ? { kind: "stop_runner" } : REST;
}
