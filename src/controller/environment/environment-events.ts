import type { KubeEvent } from "../../kube/control/event-recorder.ts";
import type { EnvironmentCondition } from "./environment-conditions.ts";

type Named = Pick<EnvironmentCondition, "type" | "status" | "reason" | "message">;

/** What became of the conditions, as events for kubectl describe: what began to hold, and what is well again. Pure. */
export function conditionEvents(before: readonly Named[], after: readonly Named[]): readonly KubeEvent[] {
  return after.flatMap((now) => {
    const last = before.find(({ type }) => type === now.type);
    if (last?.status === now.status && last.reason === now.reason) return [];
    return eventOf(now, last?.status ?? "False");
  });
}

function eventOf(now: Named, wasStatus: string): readonly KubeEvent[] {
  const { type, status, reason, message } = now;
  if (type === "Ready") return readyEvent(now, wasStatus);
  if (status === "True" && type === "Terminating") return [{ type: "Normal", reason, message }];
  if (status === "True") return [{ type: "Warning", reason: type, message }];
  if (type === "StartFailing" && wasStatus === "True") {
    return [{ type: "Normal", reason: "StartsRecovered", message: "Sandboxes start again." }];
  }
  return [];
}

/** Reasons why an Environment is not ready that no other condition says. */
const SAID_BY_READY: ReadonlySet<string> = new Set([
  "InvalidSpec",
  "Refused",
  "Quota",
  "Unschedulable",
  "ApiServer",
]);

function readyEvent({ status, reason, message }: Named, wasStatus: string): readonly KubeEvent[] {
  if (status === "True" && wasStatus !== "True") return [{ type: "Normal", reason: "Ready", message }];
  return SAID_BY_READY.has(reason) ? [{ type: "Warning", reason, message }] : [];
}
