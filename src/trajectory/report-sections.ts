import type { NumberSummary } from "./describe-numbers.ts";
import type { GroupRecord, RunStatistics } from "./run-statistics.ts";

/** One part of a report: sentences, then a table. Rendered as text, Markdown and HTML alike. */
export interface ReportSection {
  readonly title: string;
  readonly sentences: readonly string[];
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The parts of a report, most telling first. */
export function reportSections(stats: RunStatistics): readonly ReportSection[] {
  return [
    section(
      "Summary",
      findings(stats),
      ["", "n", "mean", "stddev", "min", "p50", "p95", "max"],
      [
        ["reward", ...figures(stats.reward)],
        ["turns", ...figures(stats.turns)],
        ["tool calls", ...figures(stats.toolCalls)],
        ["calls per turn", ...figures(stats.callsPerTurn)],
      ],
    ),
    section(
      "Failures",
      failureSentences(stats),
      ["class", "code", "attempts", "rollouts", "reason", "evidence"],
      failureRows(stats),
    ),
    section("Stop reasons", [], ["reason", "rollouts"], countRows(stats.stopReasons)),
    section("Flags of graders", [], ["flag", "rollouts"], countRows(stats.flags)),
    section("More samples", sampleSentences(stats), ["k", "pass@k", "best of k"], sampleRows(stats)),
    section(
      "Tools",
      [],
      ["tool", "calls", "failed", "rejected", "per rollout p50", "p95", "max", "seconds p50", "p95", "max"],
      toolRows(stats),
    ),
    section(
      "Seconds by phase",
      ["Per rollout; model and tool time are what the agent's deadline counts."],
      ["phase", "n", "mean", "stddev", "min", "p50", "p95", "max"],
      Object.entries(stats.seconds).map(([phase, summary]) => [phase, ...figures(summary)]),
    ),
    section("Tokens", tokenSentences(stats), [], []),
    section(
      "Telling rollouts",
      ["Read one with `rollyard show`."],
      ["group", "graded", "mean", "stddev", "best"],
      tellingRows(stats),
    ),
  ].filter(({ sentences, rows }) => sentences.length + rows.length > 0);
}

function section(
  title: string,
  sentences: readonly string[],
  header: readonly string[],
  rows: readonly (readonly string[])[],
): ReportSection {
  return { title, sentences, header: rows.length === 0 ? [] : header, rows };
}

/** What is unusual, in sentences. */
function findings(stats: RunStatistics): readonly string[] {
  const { rollouts, groups, zeroVarianceGroups, passed } = stats;
  const partial = groups.filter(({ n, graded }) => graded < n);
  const sure = `${rollouts.graded} of ${rollouts.total} rollouts have a reward; ${passed} passed (${percent(passed, rollouts.graded)}).`;
  const flat = `${zeroVarianceGroups.length} of ${groups.length} groups have zero variance: they give no gradient${listOf(zeroVarianceGroups)}.`;
  return [
    sure,
    ...(zeroVarianceGroups.length > 0 ? [flat] : []),
    ...(partial.length > 0
      ? [
          `${partial.length} groups are over fewer members than were run: ungraded members are left out, not counted as 0.`,
        ]
      : []),
    ...tailSentence(stats),
    ...slowPhase(stats),
  ];
}

function tailSentence({ toolCalls }: RunStatistics): readonly string[] {
  const { p50, max } = toolCalls;
  if (p50 === null || max === null || p50 === 0 || max < 3 * p50) return [];
  return [
    `The longest rollout made ${max} tool calls, ${number(max / p50)} times the median: the tail is long.`,
  ];
}

function slowPhase({ seconds }: RunStatistics): readonly string[] {
  const means = Object.entries(seconds).map(([phase, { mean }]) => ({ phase, mean: mean ?? 0 }));
  const total = means.reduce((sum, { mean }) => sum + mean, 0);
  const [most] = means.toSorted((a, b) => b.mean - a.mean);
  if (most === undefined || total === 0) return [];
  return [`Most time goes to ${most.phase}: ${percent(most.mean, total)} of a rollout's ${number(total)} s.`];
}

function failureSentences({ failures, failedAttempts }: RunStatistics): readonly string[] {
  return failures.length === 0 ? [] : [`${failedAttempts} attempts failed; a failed attempt has no reward.`];
}

function failureRows({ failures }: RunStatistics): readonly (readonly string[])[] {
  return failures.map((failure) => [
    failure.failure_class,
    failure.failure_code,
    String(failure.attempts),
    String(failure.rollouts),
    failure.reason,
    Object.entries(failure.evidence)
      .map(([key, value]) => `${key}=${value}`)
      .join(" "),
  ]);
}

function sampleSentences({ passAtK }: RunStatistics): readonly string[] {
  if (passAtK.length < 2) return [];
  return ["Estimated without bias from each group's graded members, then averaged over groups."];
}

function sampleRows({ passAtK, bestOfK }: RunStatistics): readonly (readonly string[])[] {
  return passAtK.map((value, index) => [String(index + 1), number(value), number(bestOfK[index] ?? null)]);
}

function toolRows({ tools }: RunStatistics): readonly (readonly string[])[] {
  return tools.map(({ name, calls, failed, rejected, perRollout, seconds }) => [
    name,
    String(calls),
    String(failed),
    String(rejected),
    ...[perRollout.p50, perRollout.p95, perRollout.max, seconds.p50, seconds.p95, seconds.max].map(number),
  ]);
}

function tokenSentences({ tokens }: RunStatistics): readonly string[] {
  const { prompt, completion, wasted, unreported } = tokens;
  return [
    `${prompt} prompt and ${completion} completion tokens; ${wasted} in attempts that failed.`,
    ...(unreported > 0 ? [`The endpoint reported no usage for ${unreported} rollouts.`] : []),
  ];
}

function tellingRows({ groups }: RunStatistics): readonly (readonly string[])[] {
  const known = groups.filter(({ graded }) => graded > 0);
  const by = (of: (group: GroupRecord) => number): readonly GroupRecord[] =>
    known.toSorted((a, b) => of(b) - of(a)).slice(0, 3);
  const rows = [
    ...by(({ stddev }) => stddev ?? 0).map((group) => ["most varied", group] as const),
    ...by(({ mean }) => mean ?? 0).map((group) => ["highest", group] as const),
    ...by(({ mean }) => -(mean ?? 0)).map((group) => ["lowest", group] as const),
  ];
  return rows.map(([why, { item_index, graded, mean, stddev, best }]) => [
    `${why}: item ${item_index} (rollyard show DIR ${item_index}-0)`,
    String(graded),
    ...[mean, stddev, best].map(number),
  ]);
}

function countRows(counts: Readonly<Record<string, number>>): readonly (readonly string[])[] {
  return Object.entries(counts).map(([name, count]) => [name, String(count)]);
}

function figures({ n, mean, stddev, min, p50, p95, max }: NumberSummary): readonly string[] {
  return [String(n), ...[mean, stddev, min, p50, p95, max].map(number)];
}

function listOf(items: readonly number[]): string {
  const shown = items.slice(0, 8).join(", ");
  return items.length > 8 ? ` (items ${shown}, …)` : ` (items ${shown})`;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "0 %" : `${Math.round((100 * part) / whole)} %`;
}

/** Three significant decimals for small numbers, none for whole ones; a dash for none. */
export function number(value: number | null): string {
  if (value === null) return "–";
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}
