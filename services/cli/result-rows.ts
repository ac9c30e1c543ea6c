import { numberText } from "../../src/trajectory/number-text.ts";
import type { ResultRecord } from "../../src/trajectory/result-record.ts";

/** Columns of a table of rollouts. */
export const RESULT_HEADER = [
  "rollout",
  "reward",
  "outcome",
  "stop reason",
  "turns",
  "calls",
  "attempt",
  "failure",
];

/** A rollout's row. */
export function resultRow(record: ResultRecord): string[] {
  const failure = record.failure_class === null ? "" : `${record.failure_class}/${record.failure_code ?? ""}`;
  return [
    `${record.item_index}-${record.sample_index}`,
    numberText(record.reward),
    record.outcome,
    record.stop_reason ?? "–",
    String(record.turns),
    String(record.tool_calls),
    String(record.attempt),
    failure,
  ];
}
