import type { ErrorCode } from "../../../errors/codes.ts";
import { isJsonObject } from "../../../lib/json.ts";
import type { SandboxEnd } from "../../port.ts";
import type { ContainerEnd, PodView, StatusReason } from "./pod-view.ts";

/** What is known of the node that a pod was put on. */
export type NodeState =
  /** Its kubelet reports. */
  | { readonly kind: "alive" }
  /** There is no such node, or its kubelet has reported nothing for long. `forMs`: since this was first seen. */
  | { readonly kind: "absent" | "silent"; readonly forMs: number };

/** All that a verdict depends on. */
export interface PodEvidence {
  /** Null: the cache, which knows of everything that we did, has no such pod. */
  readonly pod: PodView | null;
  readonly node: NodeState;
  /** Whether the sandbox has ever been ready. */
  readonly wasReady: boolean;
  /** How long it has been starting; the time without a node is not counted. */
  readonly startingMs: number;
  /** How long a container has been kept from starting. */
  readonly stuckMs: number;
  /** How long a container has been seen to have ended, in a pod whose phase may say otherwise. */
  readonly endedMs: number;
  readonly readySeconds: number;
}

/** Why a start ended without a sandbox. */
export interface FailedStart {
  readonly code: Extract<
    ErrorCode,
    "sandbox_start_failed" | "sandbox_setup_failed" | "sandbox_unstartable" | "sandbox_lost"
  >;
  /** One word for facts and labels. */
  readonly reason: string;
  /** In the words of the kubelet, the scheduler or sandboxd. */
  readonly words: string;
  readonly exitCode?: number;
  /** What the environment's own setup wrote. */
  readonly setupOutput?: string;
}

/** What a pod is. */
export type PodVerdict =
  | { readonly kind: "starting" }
  | { readonly kind: "ready" }
  /** No node takes it now. */
  | { readonly kind: "backpressure"; readonly message: string }
  | { readonly kind: "failed"; readonly failure: FailedStart }
  | { readonly kind: "ended"; readonly end: SandboxEnd };

/** A registry may be away for a moment. */
const STUCK_PATIENCE_MS = 20_000;
/** A node that is new may reach us after its first pod. */
const ABSENT_PATIENCE_MS = 5_000;
/** The node controller has waited 40 s before it calls a node silent. */
const SILENT_PATIENCE_MS = 10_000;
/**
 * A kubelet that ends a pod says why, with the pod's phase, only after all its containers: until then an eviction looks like
 * an end of the agent's. Source: mergePodStatus of kubelet/status/status_manager.go.
 */
const LAST_WORD_PATIENCE_MS = 10_000;
/** Of these the next try says the same. */
const HOPELESS = new Set(["InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError"]);
/** Exit codes of sandboxd. */
const EXIT_SETUP_FAILED = 3;
const EXIT_NO_WORKDIR = 4;
/** The kubelet's words when a pod passes its own limit of disk, which is what its commands wrote, not the node's need. */
const OWN_DISK =
  /ephemeral local storage usage exceeds|exceeded its local ephemeral storage limit|Usage of EmptyDir volume/i;

/**
 * Decides what a sandbox's pod is, from its status and its node. What Kubernetes, a node or a person ended is lost; what ended
 * by itself on a node that is alive was ended by the agent, memory and disk that it filled included, and is data.
 */
export function judgePod(evidence: PodEvidence): PodVerdict {
  const { pod, wasReady, endedMs } = evidence;
  if (pod === null) return gone(DELETED, wasReady);
  const loss = lossOf(pod, evidence.node);
  if (loss !== null) return gone(loss, wasReady);
  if (isTerminal(pod) || (pod.ended !== undefined && endedMs >= LAST_WORD_PATIENCE_MS))
    return wasReady ? killed(pod) : failed(exitOf(pod));
  if (wasReady || (pod.isReady && pod.podIP !== undefined)) return { kind: "ready" };
  return judgeStarting(pod, evidence);
}

interface Loss {
  readonly reason: string;
  readonly words: string;
}

const DELETED: Loss = { reason: "Deleted", words: "the pod was deleted by somebody else" };

function gone(loss: Loss, wasReady: boolean): PodVerdict {
  if (!wasReady) return failed({ code: "sandbox_lost", ...loss });
  return { kind: "ended", end: { kind: "node_lost", detail: loss.words } };
}

/** Who or what took the pod away, if it was not the agent. */
function lossOf(pod: PodView, node: NodeState): Loss | null {
  if (pod.disruption !== undefined) return inWords(pod.disruption);
  if (pod.isDeleting) return DELETED;
  if (pod.status !== undefined && pod.phase === "Failed" && !isOwnDisk(pod.status))
    return inWords(pod.status);
  if (pod.isLockedOut === true)
    return { reason: "KeysRotated", words: "the signing keys that it knows were rotated away" };
  if (pod.ended?.reason === "ContainerStatusUnknown")
    return { reason: "NodeLost", words: "the node no longer knew what became of the container" };
  return nodeLoss(pod, node);
}

/** What a node that is gone said last of a pod that ended can't be told from its own end, so nothing is waited for. */
function nodeLoss(pod: PodView, node: NodeState): Loss | null {
  if (node.kind === "alive" || pod.nodeName === undefined) return null;
  const isAbsent = node.kind === "absent";
  const patienceMs = isAbsent ? ABSENT_PATIENCE_MS : SILENT_PATIENCE_MS;
  if (!isTerminal(pod) && pod.ended === undefined && node.forMs < patienceMs) return null;
  return isAbsent
    ? { reason: "NodeDeleted", words: "the node was deleted" }
    : { reason: "NodeLost", words: "the node stopped answering" };
}

function isTerminal({ phase }: PodView): boolean {
  return phase === "Failed" || phase === "Succeeded";
}

function isOwnDisk({ reason, message }: StatusReason): boolean {
  return reason === "Evicted" && OWN_DISK.test(message);
}

function inWords({ reason, message }: StatusReason): Loss {
  return { reason, words: message === "" ? reason : `${reason}: ${message}` };
}

function failed(failure: FailedStart): PodVerdict {
  return { kind: "failed", failure };
}

/** The pod's status is the evidence; its message is not, for the agent may have written it. */
function killed(pod: PodView): PodVerdict {
  const { ended, status } = pod;
  const facts = {
    ...(status === undefined ? {} : { pod_reason: status.reason, pod_message: status.message }),
    ...(ended === undefined || ended.reason === "" ? {} : { container_reason: ended.reason }),
  };
  return {
    kind: "ended",
    end: {
      kind: "killed_by_agent",
      exitCode: ended?.exitCode ?? null,
      signal: ended === undefined || ended.signal === 0 ? null : String(ended.signal),
      facts,
    },
  };
}

/** Why sandboxd, or what installs it, ended before it was ready. No agent was there yet: its words are its own. */
function exitOf({ ended, phase }: PodView): FailedStart {
  if (ended === undefined)
    return { code: "sandbox_start_failed", reason: phase, words: `the pod is ${phase}` };
  const setup = ended.exitCode === EXIT_SETUP_FAILED ? setupOf(ended) : null;
  return setup ?? exitWithoutSetup(ended);
}

function exitWithoutSetup({ reason, exitCode, message }: ContainerEnd): FailedStart {
  if (exitCode === EXIT_NO_WORKDIR && message !== "")
    return { code: "sandbox_start_failed", reason: "NoWorkdir", words: message.trim(), exitCode };
  const why = reason === "" ? "Exited" : reason;
  const words =
    message === "" ? `${why}, exit code ${exitCode}` : `${why}, exit code ${exitCode}: ${message}`;
  return { code: "sandbox_start_failed", reason: why, words, exitCode };
}

function setupOf({ message }: ContainerEnd): FailedStart | null {
  const said = parsed(message);
  if (!isJsonObject(said)) return null;
  const { exit_code: exitCode, output } = said;
  if (typeof exitCode !== "number" || typeof output !== "string") return null;
  return { code: "sandbox_setup_failed", reason: "SetupFailed", words: "", exitCode, setupOutput: output };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function judgeStarting(pod: PodView, evidence: PodEvidence): PodVerdict {
  const { startingMs, stuckMs, readySeconds } = evidence;
  if (pod.unscheduled !== undefined && pod.nodeName === undefined)
    return { kind: "backpressure", message: inWords(pod.unscheduled).words };
  if (pod.waiting !== undefined && (HOPELESS.has(pod.waiting.reason) || stuckMs >= STUCK_PATIENCE_MS))
    return failed({ code: "sandbox_unstartable", ...inWords(pod.waiting) });
  if (startingMs < readySeconds * 1000) return { kind: "starting" };
  const { words } =
    pod.waiting === undefined ? { words: "sandboxd did not say ready" } : inWords(pod.waiting);
  return failed({
    code: "sandbox_start_failed",
    reason: "NotReady",
    words: `not ready within ${readySeconds} s: ${words}`,
  });
}
