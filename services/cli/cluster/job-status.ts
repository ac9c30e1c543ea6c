import type { FoundJob } from "../../../src/gateway/find-job.ts";
import { trueConditions } from "../../../src/gateway/job-view.ts";
import { objectOrEmpty, textOrUndefined } from "../../../src/lib/half-valid.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { numberText } from "../../../src/trajectory/number-text.ts";

/** A condition that holds. */
export interface HeldCondition {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

/** What a command shows of a job. */
export interface ShownStatus {
  readonly rollouts: { readonly [phase: string]: number };
  readonly meanReward: number | null;
  readonly conditions: readonly HeldCondition[];
  /** Null while it goes on. */
  readonly end: HeldCondition | null;
  /** What holds it up; null when nothing does. */
  readonly waiting: HeldCondition | null;
}

const ENDS: ReadonlySet<string> = new Set(["Complete", "Failed"]);
const GOES_ON: ReadonlySet<string> = new Set(["Progressing", ...ENDS]);

/** Reads a job's status. Pure. */
export function shownStatus(job: Pick<FoundJob, "status">): ShownStatus {
  const { rollouts, reward } = job.status;
  const conditions = trueConditions(job).map(held);
  const { mean } = objectOrEmpty(reward);
  return {
    rollouts: numbersOf(objectOrEmpty(rollouts)),
    meanReward: typeof mean === "number" ? mean : null,
    conditions,
    end: conditions.find(({ type }) => ENDS.has(type)) ?? null,
    waiting: conditions.find(({ type }) => !GOES_ON.has(type)) ?? null,
  };
}

/** In a word: Complete, Failed, what it waits for, Running, or Pending before its start. */
export function stateText({ end, waiting, rollouts }: ShownStatus): string {
  if (end !== null) return end.type === "Complete" && end.reason !== "AllGraded" ? end.reason : end.type;
  if (waiting !== null) return waiting.type;
  return (rollouts["total"] ?? 0) > 0 ? "Running" : "Pending";
}

/** One line of progress. */
export function progressText(status: ShownStatus): string {
  const { rollouts, waiting, meanReward } = status;
  const count = (phase: string): number => rollouts[phase] ?? 0;
  const parts = [
    `${count("graded")} of ${count("total")} graded`,
    ...(["failed", "active", "grading", "pending"] as const)
      .filter((phase) => count(phase) > 0)
      .map((phase) => `${count(phase)} ${phase}`),
    ...(meanReward === null ? [] : [`mean reward ${numberText(meanReward)}`]),
  ];
  const held = waiting === null ? "" : ` · waits: ${waiting.type}/${waiting.reason}: ${waiting.message}`;
  return parts.join(", ") + held;
}

function held(condition: JsonObject): HeldCondition {
  const { type, reason, message } = condition;
  return {
    type: textOrUndefined(type) ?? "",
    reason: textOrUndefined(reason) ?? "",
    message: textOrUndefined(message) ?? "",
  };
}

function numbersOf(values: JsonObject): Record<string, number> {
  const entries = Object.entries(values).flatMap(([name, value]) =>
    typeof value === "number" ? [[name, value] as const] : [],
  );
  return Object.fromEntries(entries);
}
