import { jobConditions } from "../../job/job-conditions.ts";
import type { Condition, ConditionFacts } from "../../job/job-conditions.ts";
import { BLOCKING_CONDITIONS } from "./blocked.ts";
import type { Blocked } from "./blocked.ts";
import type { MetaCondition } from "./cached-job.ts";

/** Why the sandboxes of a job's environment do not start though nothing has failed. */
export interface SandboxPressure {
  readonly reason: "Quota" | "Unschedulable";
  /** A sentence, in the API server's or the scheduler's words. */
  readonly message: string;
}

/** What a job's conditions on a cluster are decided from. */
export interface ClusterFacts extends Omit<ConditionFacts, "startsFailing"> {
  readonly blocked: Blocked | null;
  readonly pressure: SandboxPressure | null;
  /** A sentence on what the streams lack; null while they hold what they held. */
  readonly recordLost: string | null;
  /** Of the object that this is said about. */
  readonly generation: number;
}

type Decided = Omit<MetaCondition, "lastTransitionTime" | "observedGeneration">;

/**
 * A RolloutJob's conditions now; `before` are those that its status has. A condition that held once stays, as False. Pure.
 */
export function clusterConditions(
  facts: ClusterFacts,
  nowMs: number,
  before: readonly MetaCondition[],
): readonly MetaCondition[] {
  const { pressure, generation } = facts;
  const usual = jobConditions({ ...facts, startsFailing: pressure?.message ?? null }, nowMs);
  const decided = [
    ...usual.map((condition) => inClusterWords(condition, facts)),
    ...blockingConditions(facts.blocked, before),
    ...recordLost(facts.recordLost),
  ];
  const now = new Date(nowMs).toISOString();
  return decided.map((condition) => {
    const last = before.find(({ type }) => type === condition.type);
    const isSame = last !== undefined && last.status === condition.status;
    return {
      ...condition,
      observedGeneration: generation,
      lastTransitionTime: isSame ? last.lastTransitionTime : now,
    };
  });
}

function inClusterWords(condition: Condition, facts: ClusterFacts): Decided {
  const { type, status, reason, message } = condition;
  const said = status === "True" ? clusterWords(condition, facts) : null;
  return said ?? { type, status, reason, message };
}

/** Null where the words of a local run say it as well. */
function clusterWords(
  { type, reason, message }: Condition,
  { blocked, pressure, recordLost: lost }: ClusterFacts,
): Decided | null {
  switch (type) {
    case "Progressing":
      if (lost !== null) return { type, status: "False", reason: "RecordLost", message: lost };
      if (blocked === null) return null;
      return { type, status: "False", reason: blocked.condition, message: blocked.message };
    case "Backpressure":
      if (reason !== "Unschedulable" || pressure === null) return null;
      return { type, status: "True", reason: pressure.reason, message };
    case "Suspended":
      return {
        type,
        status: "True",
        reason: "SpecSuspend",
        message: "spec.suspend is true: no new rollouts.",
      };
    default:
      return null;
  }
}

function blockingConditions(found: Blocked | null, before: readonly MetaCondition[]): readonly Decided[] {
  return BLOCKING_CONDITIONS.flatMap((type): readonly Decided[] => {
    if (found?.condition === type) {
      return [{ type, status: "True", reason: found.reason, message: found.message }];
    }
    const wasThere = before.some((condition) => condition.type === type);
    return wasThere ? [{ type, status: "False", reason: "Found", message: "" }] : [];
  });
}

function recordLost(message: string | null): readonly Decided[] {
  return message === null
    ? []
    : [{ type: "RecordLost", status: "True", reason: "StreamsShorterThanStatus", message }];
}

/** What became of a job, as `kubectl describe` lists it: the conditions that have come to hold, or hold for another reason. */
export function conditionEvents(
  before: readonly MetaCondition[],
  after: readonly MetaCondition[],
): readonly { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string }[] {
  return after.flatMap((condition) => {
    const last = before.find(({ type }) => type === condition.type);
    const isNews = last?.status !== condition.status || last.reason !== condition.reason;
    if (condition.status !== "True" || !isNews) return [];
    const isGood = GOOD.has(condition.type);
    const message = isGood ? condition.message : `${condition.reason}: ${condition.message}`;
    return [{ type: isGood ? "Normal" : "Warning", reason: condition.type, message }];
  });
}

const GOOD: ReadonlySet<string> = new Set(["Progressing", "Suspended", "Complete"]);
