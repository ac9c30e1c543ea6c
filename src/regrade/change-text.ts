import { countText, numberText } from "../trajectory/number-text.ts";
import { alignedTable, printable } from "../trajectory/plain-text.ts";
import type { RegradeChange } from "./regrade-change.ts";

/** The change that another grader makes, as lines for a terminal. */
export function changeText(change: RegradeChange): string {
  const parts = [figures(change), failures(change), moved(change)].filter((part) => part !== "");
  return `${parts.join("\n\n")}\n`;
}

function figures(change: RegradeChange): string {
  const { pairs, mean_before, mean_after, stddev_before, stddev_after, spearman, kendall } = change;
  const { higher, lower, same, reward_found: found, reward_lost: lost } = change;
  const rows = [
    ["mean", numberText(mean_before), numberText(mean_after)],
    ["stddev", numberText(stddev_before), numberText(stddev_after)],
  ];
  return [
    `${countText(change.rollouts, "rollout")} in the series, ${pairs} with a reward before and now`,
    alignedTable(["", "before", "now"], rows),
    `rank correlation: Spearman ${numberText(spearman)}, Kendall ${numberText(kendall)}`,
    `higher ${higher}, lower ${lower}, the same ${same}`,
    ...(found > 0 ? [`${countText(found, "rollout")} without a reward before have one now`] : []),
    ...(lost > 0 ? [`${countText(lost, "rollout")} with a reward before have none now`] : []),
  ].join("\n");
}

function failures({ failures: kinds }: RegradeChange): string {
  return kinds
    .map(({ failure_class: kind, failure_code: code, failure_reason: reason, rollouts }) =>
      printable(`no reward for ${countText(rollouts, "rollout")}: ${kind}/${code}  ${reason}`),
    )
    .join("\n");
}

function moved({ most_moved: rollouts }: RegradeChange): string {
  if (rollouts.length === 0) return "";
  const rows = rollouts.map(({ item_index: item, sample_index: sample, before, after, change }) => [
    `${item}-${sample}`,
    numberText(before),
    numberText(after),
    `${change > 0 ? "+" : "-"}${numberText(Math.abs(change))}`,
  ]);
  return `moved most\n${alignedTable(["rollout", "before", "now", "change"], rows)}`;
}
