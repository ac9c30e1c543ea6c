/** What is observed of one Environment. */
export interface EnvironmentView {
  readonly isDeleting: boolean;
  readonly hasFinalizer: boolean;
  /** Null when the spec is not valid. */
  readonly generation: number | null;
  readonly hasImage: boolean;
  readonly isPolicyRight: boolean;
  /** Generation of the spec that the broker works by; null without a broker. */
  readonly broker: { readonly generation: number; readonly isDraining: boolean } | null;
  /** How many running jobs use it; null before all of them are known. */
  readonly holders: number | null;
  /** Whether its pods and its policy are known to be gone for good. */
  readonly isEmpty: boolean;
}

/** The one next thing to do for an Environment. */
export type EnvironmentStep =
  | "add_finalizer"
  | "write_policy"
  | "start_broker"
  /** Let the broker work by the spec as it is now. */
  | "update_broker"
  /** Keep no sandbox ready any more; those in use go on. */
  | "drain_broker"
  | "stop_broker"
  /** Remove what pods are left, then the policy. */
  | "remove_children"
  | "remove_finalizer"
  | "rest";

/**
 * Decides the next step. A broker, and so a pod, is never there without the finalizer that removes its pods and without
 * the policy that shuts them off. A deleted Environment serves on until nobody uses it. Pure.
 */
export function planEnvironment(view: EnvironmentView): EnvironmentStep {
  return view.isDeleting ? planDeletion(view) : planLife(view);
}

function planLife(view: EnvironmentView): EnvironmentStep {
  if (!view.hasFinalizer) return "add_finalizer";
  if (!view.isPolicyRight) return "write_policy";
  // A broker that runs goes on by the last spec that could be used.
  if (view.generation === null || !view.hasImage) return "rest";
  if (view.broker === null) return "start_broker";
  return view.broker.generation === view.generation && !view.broker.isDraining ? "rest" : "update_broker";
}

function planDeletion(view: EnvironmentView): EnvironmentStep {
  if (!view.hasFinalizer) return view.broker === null ? "rest" : "stop_broker";
  if (view.holders === null) return view.broker === null ? "rest" : drained(view);
  if (view.holders > 0) return planLastDays(view);
  if (view.broker !== null) return "stop_broker";
  return view.isEmpty ? "remove_finalizer" : "remove_children";
}

/** Jobs that run need its sandboxes, also after a change of leader. */
function planLastDays(view: EnvironmentView): EnvironmentStep {
  if (!view.isPolicyRight) return "write_policy";
  if (view.broker !== null) return drained(view);
  return view.generation === null || !view.hasImage ? "rest" : "start_broker";
}

function drained({ broker }: EnvironmentView): EnvironmentStep {
  return broker?.isDraining === false ? "drain_broker" : "rest";
}
