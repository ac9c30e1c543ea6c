import type { BrokerSnapshot } from "../../sandbox/broker-options.ts";

/** The conditions of an Environment, in the order in which its status has them. */
export const ENVIRONMENT_CONDITIONS = [
  "Ready",
  "ImageRequired",
  "StartFailing",
  "NetworkPolicyNotEnforced",
  "NotServed",
  "Terminating",
] as const;

/** A condition in the form that Kubernetes gives them. */
export interface EnvironmentCondition {
  readonly type: (typeof ENVIRONMENT_CONDITIONS)[number];
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  /** RFC 3339. */
  readonly lastTransitionTime: string;
}

/** What a probe of the cluster's network has found. */
export type Enforcement =
  | { readonly kind: "enforced" }
  | { readonly kind: "not_enforced" }
  /** The reason is a stable word, the message a sentence. */
  | { readonly kind: "unknown"; readonly reason: string; readonly message: string };

/** What an Environment's conditions are decided from. */
export interface ConditionFacts {
  readonly generation: number;
  /** Sentences about its spec, or null when it is valid. */
  readonly specProblem: string | null;
  readonly hasImage: boolean;
  /** Why hosted trainers can't be served though the spec wants it, a sentence; null when they can, or are not to be. */
  readonly serveProblem: string | null;
  readonly isDeleting: boolean;
  /** Names of the running jobs that use it; null before they are known. */
  readonly holders: readonly string[] | null;
  /** What the API server refused to do for it, in its words; null when nothing. */
  readonly trouble: string | null;
  readonly enforcement: Enforcement;
  /** Null without a broker. */
  readonly broker: Pick<BrokerSnapshot, "breaker" | "pressure"> | null;
}

type Decided = Pick<EnvironmentCondition, "type" | "status" | "reason" | "message">;

/** An Environment's conditions now; those of before keep their time where their status stays. Pure. */
export function environmentConditions(
  facts: ConditionFacts,
  nowMs: number,
  before: readonly Pick<EnvironmentCondition, "type" | "status" | "lastTransitionTime">[] = [],
): readonly EnvironmentCondition[] {
  // Whole seconds, as metav1.Time has them.
  const now = new Date(nowMs).toISOString().replace(/\.\d+Z$/u, "Z");
  const decided = [
    ready(facts),
    imageRequired(facts),
    startFailing(facts),
    notEnforced(facts),
    notServed(facts),
    terminating(facts),
  ];
  return decided.map((condition) => {
    const last = before.find(({ type }) => type === condition.type);
    const isSame = last !== undefined && last.status === condition.status;
    return {
      ...condition,
      observedGeneration: facts.generation,
      lastTransitionTime: isSame ? last.lastTransitionTime : now,
    };
  });
}

function ready(facts: ConditionFacts): Decided {
  const no = (reason: string, message: string): Decided => ({
    type: "Ready",
    status: "False",
    reason,
    message,
  });
  if (facts.isDeleting) return no("Terminating", "It was deleted.");
  if (facts.specProblem !== null) return no("InvalidSpec", facts.specProblem);
  if (!facts.hasImage) return no("ImageRequired", IMAGE_REQUIRED);
  if (facts.trouble !== null) return no("Refused", facts.trouble);
  if (facts.broker === null) return no("Starting", "Its sandboxes are not served yet.");
  const { breaker, pressure } = facts.broker;
  if (breaker.state !== "closed") return no("StartFailing", "Its sandboxes do not start.");
  if (pressure !== null) return no(pressure.reason, pressure.message);
  return {
    type: "Ready",
    status: "True",
    reason: "Serving",
    message: "Sandboxes are given to those who ask.",
  };
}

const IMAGE_REQUIRED = "spec.sandbox.image: is required on a cluster.";

function imageRequired({ specProblem, hasImage }: ConditionFacts): Decided {
  return specProblem === null && !hasImage
    ? { type: "ImageRequired", status: "True", reason: "NoImage", message: IMAGE_REQUIRED }
    : { type: "ImageRequired", status: "False", reason: "ImageGiven", message: "" };
}

function startFailing({ broker }: ConditionFacts): Decided {
  const breaker = broker?.breaker;
  if (breaker === undefined || breaker.state === "closed") {
    return { type: "StartFailing", status: "False", reason: "NoFailures", message: "" };
  }
  return {
    type: "StartFailing",
    status: "True",
    reason: reasonOf(breaker.lastCode),
    message: breaker.lastReason,
  };
}

/** An error code as a condition's reason: `sandbox_start_failed` is `SandboxStartFailed`. */
function reasonOf(code: string): string {
  const words = code.split("_").map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`);
  return words.join("") || "Unknown";
}

function notEnforced({ enforcement }: ConditionFacts): Decided {
  const type = "NetworkPolicyNotEnforced";
  switch (enforcement.kind) {
    case "enforced":
      return { type, status: "False", reason: "Enforced", message: "" };
    case "not_enforced":
      return {
        type,
        status: "True",
        reason: "ProbeConnected",
        message:
          "A pod that a NetworkPolicy shuts off reached the API server: install a network plugin that enforces NetworkPolicies, or sandboxes can reach the cluster.",
      };
    case "unknown":
      return { type, status: "Unknown", reason: enforcement.reason, message: enforcement.message };
    default:
      return enforcement satisfies never;
  }
}

function notServed({ serveProblem }: ConditionFacts): Decided {
  const type = "NotServed";
  return serveProblem === null
    ? { type, status: "False", reason: "NothingAgainstIt", message: "" }
    : { type, status: "True", reason: "ImageOfRow", message: serveProblem };
}

function terminating({ isDeleting, holders, trouble }: ConditionFacts): Decided {
  const type = "Terminating";
  if (!isDeleting) return { type, status: "False", reason: "NotDeleted", message: "" };
  if (holders === null) {
    return {
      type,
      status: "True",
      reason: "LookingForJobs",
      message: "Which jobs use it is being looked up.",
    };
  }
  if (trouble !== null) return { type, status: "True", reason: "Refused", message: trouble };
  if (holders.length === 0) {
    return { type, status: "True", reason: "RemovingSandboxes", message: "Its sandboxes are being removed." };
  }
  return { type, status: "True", reason: "InUse", message: inUse(holders) };
}

const NAMED = 5;

function inUse(holders: readonly string[]): string {
  const named = holders.toSorted().slice(0, NAMED).join(", ");
  const rest = holders.length > NAMED ? ` and ${holders.length - NAMED} more` : "";
  return `It is removed once the jobs that use it have ended: ${named}${rest}.`;
}
