import { assertNever } from "../../lib/assert-never.ts";
import type { Enforcement } from "../environment/environment-conditions.ts";

/** What one pod of a probe came to: whether it reached the API server, or why nobody knows. */
export type Dialled =
  | { readonly kind: "connected" }
  | { readonly kind: "refused" }
  /** It never ran, or ran and did not say. */
  | { readonly kind: "unknown"; readonly detail: string };

/**
 * What a probe shows. The open pod stands for a network that works; without it, a silent network would pass for one that
 * is shut off. The shut pod is under a policy that lets nothing out. Pure.
 */
export function probeVerdict(open: Dialled, shut: Dialled): Enforcement {
  // Whatever the other one came to: it should have been stopped.
  if (shut.kind === "connected") return { kind: "not_enforced" };
  switch (open.kind) {
    case "connected":
      return shut.kind === "refused" ? { kind: "enforced" } : unknown("ProbeFailed", shut.detail);
    case "refused":
      return unknown("ProbeCutOff", "A pod without a policy of ours did not reach the API server either.");
    case "unknown":
      return unknown("ProbeFailed", open.detail);
    default:
      return assertNever(open);
  }
}

function unknown(reason: string, detail: string): Enforcement {
  return {
    kind: "unknown",
    reason,
    message: `Whether the cluster enforces NetworkPolicies could not be probed: ${detail}`,
  };
}
