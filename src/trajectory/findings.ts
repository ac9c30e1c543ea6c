import { countText, numberText, percentText } from "./number-text.ts";
import { PHASES } from "./rollout-facts.ts";
import type { RunEndRecord } from "./run-end.ts";
import type { RunStatistics } from "./run-statistics.ts";

type Finding = (stats: RunStatistics) => readonly string[];

/** Items that a sentence names. */
const NAMED = 8;

/** What a researcher should know first, in sentences, most telling first. */
export function findings(stats: RunStatistics, end: RunEndRecord | null): readonly string[] {
  return [ending(end), ...undelivered(end), ...figureFindings(stats)];
}

/** The same without how the run ended. */
export function figureFindings(stats: RunStatistics): readonly string[] {
  return FINDINGS.flatMap((find) => find(stats));
}

function ending(end: RunEndRecord | null): string {
  if (end === null) return "The run has not ended: these are its rollouts so far.";
  const { condition, reason, message } = end.end;
  const rate = end.rollouts_per_second;
  const pace = rate === null ? "" : `, ${numberText(rate)} rollouts/s`;
  const took = `${numberText(end.seconds_total)} s${pace}`;
  return `${condition} (${reason}) after ${took}${condition === "Failed" ? `: ${message}` : "."}`;
}

function undelivered(end: RunEndRecord | null): readonly string[] {
  const count = end?.undelivered_scores ?? 0;
  if (count === 0) return [];
  const those = count === 1 ? "The score of 1 rollout" : `The scores of ${count} rollouts`;
  return [`${those} never reached the trainer: it had hung up, or the gateway ended before its answer.`];
}

const rewards: Finding = ({ rollouts, reward }) => {
  const { total, graded, failed, passed } = rollouts;
  if (graded === 0) return [`None of ${countText(total, "rollout")} has a reward.`];
  const have = graded === 1 ? "has" : "have";
  const who =
    failed > 0 ? `${graded} of ${total} rollouts` : total === 1 ? "The one rollout" : `All ${total} rollouts`;
  const without = failed === 0 ? "" : ` ${countText(failed, "failed rollout")} left out, not counted as 0.`;
  return [
    `${who} ${have} a reward: mean ${numberText(reward.mean)}; ${passed} passed (${percentText(passed, graded)}).${without}`,
  ];
};

const variance: Finding = ({ groups, zero_variance_groups: flat }) => {
  const several = groups.filter(({ graded }) => graded > 1);
  if (several.length === 0) return [];
  const one = several.length === 1;
  const those = several.length < groups.length ? " with two or more graded members" : "";
  if (flat.length === 0) {
    return [
      one
        ? `The one group${those} has variance.`
        : `Each of the ${several.length} groups${those} has variance.`,
    ];
  }
  const means = new Map(groups.map(({ item_index, mean }) => [item_index, mean]));
  const zeros = flat.filter((item) => means.get(item) === 0).length;
  const ones = flat.filter((item) => means.get(item) === 1).length;
  const kinds = [...(zeros > 0 ? [`${zeros} all at 0`] : []), ...(ones > 0 ? [`${ones} all at 1`] : [])];
  const split = kinds.length === 0 ? "" : `; ${kinds.join(", ")}`;
  const who = one ? "The one group" : `${flat.length} of ${several.length} groups`;
  const have = flat.length === 1 ? "has" : "have";
  return [`${who}${those} ${have} zero variance: no gradient (${named(flat)}${split}).`];
};

const partial: Finding = ({ groups, rollouts }) => {
  const short = groups.filter(({ n, graded }) => graded < n);
  if (short.length === 0) return [];
  const whole = short.filter(({ graded }) => graded === 0).length;
  const lost = whole === 0 ? "" : `, ${whole} of them every member`;
  return [
    `${countText(short.length, "group")} lost members to failures (${named(short.map(({ item_index }) => item_index))})${lost}; ` +
      `figures are over the ${rollouts.graded} graded of ${rollouts.total} members.`,
  ];
};

const failures: Finding = ({ failures: kinds, failed_attempts, retried_attempts: retried, rollouts }) => {
  const [most] = kinds;
  if (most === undefined) return [];
  const share = kinds.length === 1 ? "all" : `${most.attempts}`;
  const kind = `${most.failure_class}/${most.failure_code}`;
  const open = failed_attempts - rollouts.failed - retried;
  const waiting = open === 0 ? "" : `, ${open} not yet`;
  return [
    `${countText(failed_attempts, "attempt")} failed, ${share} by ${kind}; ${retried} of them ${retried === 1 ? "was" : "were"} tried again${waiting}.`,
  ];
};

const wasted: Finding = ({ tokens }) => {
  const all = tokens.prompt + tokens.completion;
  if (tokens.wasted * 100 < all || tokens.wasted === 0) return [];
  return [`${percentText(tokens.wasted, all)} of all tokens went into attempts that failed.`];
};

const stops: Finding = ({ stop_reasons: reasons, rollouts }) => {
  const answered = reasons.find(({ reason }) => reason === "answered")?.mean_reward ?? null;
  const against = answered === null ? "" : `, against ${numberText(answered)} of those that answered`;
  return reasons
    .filter(({ reason, rollouts: count }) => reason !== "answered" && count * 20 >= rollouts.total)
    .map(({ reason, rollouts: count, mean_reward: mean }) => {
      const theirs = count === 1 ? "its reward" : "their mean reward";
      return `${countText(count, "rollout")} (${percentText(count, rollouts.total)}) stopped by ${reason}; ${theirs} is ${numberText(mean)}${against}.`;
    });
};

const moreSamples: Finding = ({ samples }) => {
  const [one] = samples;
  // Of the same groups: where members failed, larger k are over fewer.
  const most = samples.findLast(({ groups }) => groups === one?.groups);
  if (one === undefined || most === undefined || one === most) return [];
  const gain = (most.best_of_k ?? 0) - (one.best_of_k ?? 0);
  if (gain < 0.05) return [];
  return [
    `The best of ${most.k} samples reaches ${numberText(most.best_of_k)}, one alone ${numberText(one.best_of_k)}: there is something to learn within groups.`,
  ];
};

const toolTrouble: Finding = ({ tools }) =>
  tools.flatMap(({ name, calls, failed, rejected }) => [
    ...(rejected * 20 >= calls && rejected > 0
      ? [
          `${rejected} of ${countText(calls, "call")} of ${shortName(name)} were rejected: no such tool, or bad arguments.`,
        ]
      : []),
    ...(failed * 5 >= calls && failed > 0
      ? [`${failed} of ${countText(calls, "call")} of ${shortName(name)} ended badly.`]
      : []),
  ]);

const tail: Finding = ({ tool_calls: { p50, p95, max } }) => {
  if (p50 === null || p95 === null || max === null || p50 === 0 || max < 3 * p50) return [];
  return [
    `The tail of tool calls is long: half of the rollouts make at most ${p50}, one in twenty ${p95} or more, the longest ${max}.`,
  ];
};

const parallelism: Finding = ({ calls_per_turn: { n, mean, max } }) => {
  if (n === 0 || max === null) return [];
  if (max === 1) return ["No turn asked for more than one tool call: calls ran one after another."];
  return [`Turns that call tools ask for ${numberText(mean)} calls at a time, at most ${max}.`];
};

const phases: Finding = ({ seconds }) => {
  const means = PHASES.map((phase) => ({ phase, mean: seconds[phase].mean ?? 0 }));
  const total = means.reduce((sum, { mean }) => sum + mean, 0);
  const [most] = means.toSorted((a, b) => b.mean - a.mean);
  if (most === undefined || total === 0) return [];
  const outside = total - (seconds.model.mean ?? 0) - (seconds.tool.mean ?? 0);
  return [
    `Most time goes to ${most.phase}: ${percentText(most.mean, total)} of a rollout's ${numberText(total)} s; ` +
      `${percentText(outside, total)} is outside of the agent's clock.`,
  ];
};

const flags: Finding = ({ flags: counts }) => {
  const each = Object.entries(counts).map(([flag, count]) => `${flag} ${count}`);
  return each.length === 0 ? [] : [`Graders raised flags: ${each.slice(0, NAMED).join(", ")}.`];
};

const policies: Finding = ({ policy_versions: versions }) => {
  const count = Object.keys(versions).length;
  return count > 1
    ? [`The rollouts are of ${count} policy versions: their rewards are not of one policy.`]
    : [];
};

const usage: Finding = ({ tokens: { unreported, prompt, completion } }) => {
  if (unreported === 0) return [];
  // A hosted trainer's model is not ours to ask; some endpoints never tell.
  if (prompt + completion === 0) return ["No usage was reported: there are no token figures."];
  return [
    `The endpoint reported no usage for ${countText(unreported, "rollout")}: token figures are too low.`,
  ];
};

const FINDINGS: readonly Finding[] = [
  rewards,
  variance,
  partial,
  failures,
  wasted,
  stops,
  moreSamples,
  toolTrouble,
  tail,
  parallelism,
  phases,
  flags,
  policies,
  usage,
];

function named(items: readonly number[]): string {
  return `${items.length === 1 ? "item" : "items"} ${items.slice(0, NAMED).join(", ")}${items.length > NAMED ? ", …" : ""}`;
}

/** The model chose it: it may be anything. */
function shortName(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name;
}
