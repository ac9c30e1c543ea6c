import { LABELS } from "../../kube/labels.ts";
import { listOrEmpty } from "../../lib/half-valid.ts";
import { isJsonObject } from "../../lib/json.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { BrokerSnapshot } from "../../sandbox/broker-options.ts";
import { environmentStatusSchema } from "../../environment/environment-status.ts";
import type { EarlierCounts } from "../../trace/gone-traces.ts";
import type { TraceCounts } from "../../trace/trace-tally.ts";
import { environmentConditions } from "./environment-conditions.ts";
import type { ConditionFacts, EnvironmentCondition } from "./environment-conditions.ts";

/** What an Environment's status is made of. */
export interface StatusFacts extends Omit<ConditionFacts, "broker"> {
  readonly busUid: string;
  /** Null without a broker. */
  readonly broker: Pick<
    BrokerSnapshot,
    "ready" | "starting" | "leased" | "failed" | "breaker" | "pressure"
  > | null;
  /** Null for one that is not served. */
  readonly traces?: TraceCounts | null;
}

/**
 * The status as it should be. `before` is the one that the object has: what it says of traces stays once they are not kept any
 * more, and so do the times of conditions whose status stays. Pure.
 */
export function environmentStatus(facts: StatusFacts, nowMs: number, before: JsonObject): JsonObject {
  const { ready = 0, starting = 0, leased = 0, failed = 0 } = facts.broker ?? {};
  const conditions = environmentConditions(facts, nowMs, conditionsOf(before));
  return {
    ...before,
    observedGeneration: facts.generation,
    ready,
    starting,
    leased,
    failed,
    replicas: ready + starting,
    selector: `${LABELS.environmentUid}=${facts.busUid}`,
    ...traceStatus(facts.traces ?? null),
    conditions: conditions.map((condition) => ({ ...condition })),
  };
}

function traceStatus(traces: TraceCounts | null): JsonObject {
  if (traces === null) return {};
  const { live, graded, failed, failures, rewardMean } = traces;
  const reward = rewardMean === null ? {} : { reward: { mean: rewardMean } };
  return { traces: { live, graded, failed }, failures, ...reward };
}

/** What a status says of ended traces; nothing where it can't be read. */
export function traceCountsOf(status: JsonObject): EarlierCounts {
  const read = endedSchema.safeParse(status);
  if (!read.success) return { graded: 0, failures: {}, rewardMean: null };
  const { traces, failures = {}, reward } = read.data;
  return { graded: traces?.graded ?? 0, failures, rewardMean: reward?.mean ?? null };
}

const endedSchema = environmentStatusSchema.pick({ traces: true, failures: true, reward: true }).strip();

/** The conditions of a status, as far as they can be read. */
export function conditionsOf(status: JsonObject): readonly EnvironmentCondition[] {
  return listOrEmpty(status["conditions"]).filter(
    (condition) => isJsonObject(condition) && typeof condition["type"] === "string",
  ) as unknown as readonly EnvironmentCondition[];
}
