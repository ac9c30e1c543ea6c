import { fromBinary } from "@bufbuild/protobuf";
import { EventBatchSchema } from "../../../src/gen/rollyard/v1/events_pb.ts";
import type { Event } from "../../../src/gen/rollyard/v1/events_pb.ts";
import { OutcomeSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import { busUid } from "../../../src/kube/bus-uid.ts";
import type { RawBus, RawMessage } from "../../chaos/world/raw-bus.ts";

/** What a script left. */
export interface SeenReturn {
  readonly output: string;
  readonly result: string;
  readonly exitCode: number | undefined;
  readonly outOfMemory: boolean;
}

/** How an attempt was sealed. */
export interface SeenSeal {
  readonly kind: "stopped" | "failed" | "cancelled";
  /** Stop reason, or code of the failure. */
  readonly reason: string;
  readonly failureClass: string;
  /** The sentence of a failure. */
  readonly cause: string;
  readonly evidence: Readonly<Record<string, string>>;
}

/** An attempt as its log tells it. */
export interface SeenAttempt {
  readonly sandboxes: string[];
  readonly returns: SeenReturn[];
  seal: SeenSeal | null;
}

/** A rollout as the streams tell it. */
export interface SeenRollout {
  readonly attempts: SeenAttempt[];
  /** The last of its chain. */
  outcome: { readonly outcome: string; readonly reward: number | null; readonly failureCode: string } | null;
}

/** Reads the rollouts of one job, one sample an item, by the index of their item. */
export async function readRollouts(bus: RawBus, jobUid: string): Promise<readonly SeenRollout[]> {
  const rollouts: SeenRollout[] = [];
  const streams = await Promise.all([bus.state("events"), bus.state("outcomes")]);
  // The first leader makes them.
  if (streams.includes(null)) return rollouts;
  const of = ({ subject }: RawMessage): SeenRollout | null => {
    const [uid, index = ""] = subject.split(".").slice(-2);
    if (uid !== busUid(jobUid)) return null;
    return (rollouts[Number.parseInt(index, 10)] ??= { attempts: [], outcome: null });
  };
  for await (const message of bus.read("events")) {
    const rollout = of(message);
    if (rollout === null) continue;
    for (const event of fromBinary(EventBatchSchema, message.payload).events) apply(rollout, event);
  }
  for await (const message of bus.read("outcomes")) {
    const rollout = of(message);
    if (rollout === null) continue;
    const { outcome, reward = null, failureCode } = fromBinary(OutcomeSchema, message.payload);
    rollout.outcome = { outcome, reward, failureCode };
  }
  return rollouts;
}

function apply(rollout: SeenRollout, { kind }: Event): void {
  if (kind.case === "rolloutStarted") {
    rollout.attempts.push({ sandboxes: [], returns: [], seal: null });
    return;
  }
  const attempt = rollout.attempts.at(-1);
  if (attempt === undefined) return;
  if (kind.case === "sandboxLeased") attempt.sandboxes.push(kind.value.sandboxUid);
  else if (kind.case === "toolReturned") attempt.returns.push(returned(kind.value));
  else attempt.seal ??= sealOf(kind);
}

function returned(value: Extract<Event["kind"], { readonly case: "toolReturned" }>["value"]): SeenReturn {
  const { output, result, exitCode, outOfMemory } = value;
  const text = output?.place.case === "inline" ? output.place.value : "";
  return { output: text, result, exitCode, outOfMemory };
}

function sealOf(kind: Event["kind"]): SeenSeal | null {
  switch (kind.case) {
    case "rolloutStopped": {
      const { reason, evidence } = kind.value;
      return { kind: "stopped", reason, failureClass: "", cause: "", evidence };
    }
    case "attemptFailed": {
      const { code, failureClass, cause, evidence } = kind.value;
      return { kind: "failed", reason: code, failureClass, cause, evidence };
    }
    case "rolloutCancelled":
      return { kind: "cancelled", reason: kind.value.code, failureClass: "", cause: "", evidence: {} };
    default:
      return null;
  }
}
