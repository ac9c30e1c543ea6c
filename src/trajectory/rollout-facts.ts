import type { ResultRecord } from "./result-record.ts";

/** The phases of a rollout in the order in which they come. */
export const PHASES = ["queued", "sandbox", "model", "tool", "grade"] as const;

/** One of {@link PHASES}. */
export type Phase = (typeof PHASES)[number];

/** What statistics keep of a result: a few numbers, no texts of the agent, so that 100,000 rollouts fit in memory. */
export type RolloutFacts = Pick<
  ResultRecord,
  | "item_index"
  | "sample_index"
  | "split"
  | "reward"
  | "passed"
  | "failure_class"
  | "failure_code"
  | "stop_reason"
  | "turns"
  | "tool_calls"
  | "flags"
  | "seconds"
>;

/** Picks the facts out of a result. */
export function factsOf(record: ResultRecord): RolloutFacts {
  const { item_index, sample_index, reward, passed, failure_class, failure_code } = record;
  const { stop_reason, turns, tool_calls, flags, seconds, split } = record;
  const place = { item_index, sample_index, ...(split === undefined ? {} : { split }) };
  const end = { reward, passed, failure_class, failure_code, stop_reason };
  return { ...place, ...end, turns, tool_calls, flags, seconds };
}

/** Seconds of all phases together. */
export function totalSeconds({ seconds }: Pick<RolloutFacts, "seconds">): number {
  return PHASES.reduce((sum, phase) => sum + seconds[phase], 0);
}

/** The rewards of those that have one. */
export function rewardsOf(rollouts: readonly Pick<RolloutFacts, "reward">[]): readonly number[] {
  return rollouts.flatMap(({ reward }) => reward ?? []);
}
