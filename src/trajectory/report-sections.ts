import type { NumberSummary } from "../lib/describe-numbers.ts";
import type { FailureExample, FailureStatistics } from "./failure-statistics.ts";
import { figureFindings, findings } from "./findings.ts";
import { joinSentences } from "./joined-jobs.ts";
import type { JoinedJobs } from "./joined-jobs.ts";
import { countText, numberText, percentText } from "./number-text.ts";
import type { RunEndRecord } from "./run-end.ts";
import type { RunStatistics } from "./run-statistics.ts";
import type { SeriesStatistics } from "./series-statistics.ts";
import { shellWord } from "./shell-word.ts";
import type { ToolStatistics } from "./tool-statistics.ts";

/** Which part of a report it is; charts are placed by it. */
export type SectionId =
  | "summary"
  | "jobs"
  | "rewards"
  | "series"
  | "splits"
  | "groups"
  | "samples"
  | "failures"
  | "stops"
  | "tools"
  | "phases"
  | "tokens"
  | "telling";

/** One part of a report. Rendered as text, Markdown and HTML alike; its texts are hostile until they are escaped. */
export interface ReportSection {
  readonly id: SectionId;
  readonly title: string;
  readonly sentences: readonly string[];
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Command lines, each with a remark. */
  readonly commands: readonly { readonly line: string; readonly remark: string }[];
}

/** What a report is made from. */
export interface ReportInput {
  readonly stats: RunStatistics;
  /** Null while the run has not ended, and in a joined view. */
  readonly end: RunEndRecord | null;
  readonly joined: JoinedJobs | null;
  /** Rewards by other graders. */
  readonly series: readonly SeriesStatistics[];
  /** The command line as the reader types it. */
  readonly command: string;
  /** The run folder of a rollout, as the reader's shell finds it. */
  readonly folderOf: (place: { readonly item_index: number; readonly sample_index: number }) => string;
}

/** A reason or an evidence value longer than this is cut. */
const MOST_CHARACTERS = 300;
const SUMMARY_HEADER = ["n", "mean", "stddev", "min", "p50", "p95", "max"];

/** The parts of a report, most telling first; those that have nothing to say are left out. */
export function reportSections(input: ReportInput): readonly ReportSection[] {
  const { stats, end, joined, command } = input;
  return [
    section("summary", "What stands out", {
      sentences:
        joined === null ? findings(stats, end) : [...joinSentences(joined), ...figureFindings(stats)],
    }),
    jobSection(joined),
    rewardSection(stats),
    seriesSection(input),
    section("splits", "By the rows' split", {
      header: ["split", "rollouts", "graded", "mean reward"],
      rows: (stats.splits ?? []).map(({ split, rollouts, graded, mean_reward }) => [
        split,
        ...[rollouts, graded].map(String),
        numberText(mean_reward),
      ]),
    }),
    groupSection(stats),
    sampleSection(stats),
    failureSection(stats),
    section("stops", "Stop reasons", {
      header: ["reason", "rollouts", "share", "graded", "mean reward"],
      rows: stats.stop_reasons.map(({ reason, rollouts, graded, mean_reward }) => [
        reason,
        String(rollouts),
        percentText(rollouts, stats.rollouts.total),
        String(graded),
        numberText(mean_reward),
      ]),
    }),
    toolSection(stats, command),
    section("phases", "Seconds by phase", {
      sentences: [
        "Of graded rollouts, their last attempt. Model and tool time are what the agent's deadline counts.",
      ],
      header: ["phase", ...SUMMARY_HEADER],
      rows: Object.entries(stats.seconds).map(([phase, summary]) => [phase, ...figures(summary)]),
    }),
    section("tokens", "Tokens", { sentences: tokenSentences(stats) }),
    tellingSection(input),
  ].filter(({ sentences, rows, commands }) => sentences.length + rows.length + commands.length > 0);
}

type SectionContent = Partial<Omit<ReportSection, "id" | "title">>;

function section(id: SectionId, title: string, content: SectionContent): ReportSection {
  return { id, title, sentences: [], header: [], rows: [], commands: [], ...content };
}

function jobSection(joined: JoinedJobs | null): ReportSection {
  const rule =
    "A rollout counts once: as its job has it with a reward, else as the newest retry with a reward, else as the newest retry.";
  return section("jobs", "Jobs", {
    sentences: joined === null ? [] : [rule],
    header: ["job", "rollouts", "graded", "failed", "count here"],
    rows: (joined?.jobs ?? []).map(({ job, rollouts, graded, failed, current }) => [
      job,
      ...[rollouts, graded, failed, current].map(String),
    ]),
  });
}

function rewardSection(stats: RunStatistics): ReportSection {
  const parts = Object.entries(stats.sub_rewards).map(([name, summary]) => [
    `· ${name}`,
    ...figures(summary),
  ]);
  return section("rewards", "Rewards", {
    header: ["", ...SUMMARY_HEADER],
    rows: [
      ["reward", ...figures(stats.reward)],
      ...parts,
      ["turns", ...figures(stats.turns)],
      ["tool calls", ...figures(stats.tool_calls)],
      ["calls per turn", ...figures(stats.calls_per_turn)],
    ],
  });
}

/** The run's own rewards stay as they are; each series stands beside them. */
function seriesSection({ stats, series }: ReportInput): ReportSection {
  const own = ["", "the run's own", String(stats.rollouts.total), ...figures(stats.reward)];
  const rows = series.map(({ series: name, grader, rollouts, reward }) => [
    name,
    cut(grader),
    String(rollouts),
    ...figures(reward),
  ]);
  return section("series", "Graded again", {
    header: ["series", "grader", "rollouts", ...SUMMARY_HEADER],
    rows: rows.length === 0 ? [] : [own, ...rows],
  });
}

/** Items that are named in a list. */
const NAMED = 200;

function groupSection({ groups, zero_variance_groups: flat }: RunStatistics): ReportSection {
  const several = groups.filter(({ graded }) => graded > 1).length;
  if (several === 0) return section("groups", "Groups", {});
  const list = flat.slice(0, NAMED).join(", ");
  const more = flat.length > NAMED ? `, and ${flat.length - NAMED} more (groups.jsonl has all)` : "";
  return section("groups", "Groups", {
    sentences: [
      `${countText(groups.length, "group")}, ${several} with two or more graded members.`,
      flat.length === 0 ? "None has zero variance." : `Zero variance: items ${list}${more}.`,
    ],
  });
}

function sampleSection({ samples }: RunStatistics): ReportSection {
  const isPartial = samples.some(({ groups }) => groups !== samples[0]?.groups);
  const sentences = [
    "Unbiased estimates from each group's graded members, averaged over groups.",
    ...(isPartial
      ? ["A group with fewer than k graded members is left out: rows with fewer groups are of other items."]
      : []),
  ];
  return section("samples", "More samples", {
    sentences: samples.length < 2 ? [] : sentences,
    header: ["k", "groups", "pass@k", "best of k"],
    rows: samples.map(({ k, groups, pass_at_k, best_of_k }) => [
      String(k),
      String(groups),
      numberText(pass_at_k),
      numberText(best_of_k),
    ]),
  });
}

function failureSection({ failures, failed_attempts: count }: RunStatistics): ReportSection {
  if (count === 0) return section("failures", "Failures", {});
  return section("failures", "Failures", {
    sentences: [
      `${countText(count, "attempt")} failed. A failed attempt has no reward.`,
      ...failures.flatMap((kind) => kind.examples.map((example) => exampleSentence(kind, example))),
    ],
    header: ["class", "code", "attempts", "rollouts lost", "tokens"],
    rows: failures.map((kind) => [
      kind.failure_class,
      kind.failure_code,
      String(kind.attempts),
      String(kind.rollouts),
      String(kind.tokens),
    ]),
  });
}

function exampleSentence(kind: FailureStatistics, example: FailureExample): string {
  const facts = Object.entries(example.evidence).map(([key, value]) => `${key}=${cut(value)}`);
  const place = `${example.item_index}-${example.sample_index}, attempt ${example.attempt}`;
  return `${kind.failure_code}, for example ${place}: ${[cut(example.failure_reason ?? ""), ...facts].join(" ")}`;
}

/** A policy that invents names must not bury the tools that there are. */
const TOOL_ROWS = 30;

function toolSection({ tools }: RunStatistics, command: string): ReportSection {
  const header = [
    "calls",
    "failed",
    "rejected",
    "timed out",
    "a rollout p50",
    "p95",
    "max",
    "seconds p50",
    "p95",
    "max",
  ];
  const more = tools.length - TOOL_ROWS;
  return section("tools", "Tools", {
    sentences:
      more > 0
        ? [`The ${TOOL_ROWS} names with the most calls; ${command} report --json has ${more} more.`]
        : [],
    header: ["tool", ...header],
    rows: tools.slice(0, TOOL_ROWS).map(toolRow),
  });
}

function toolRow({
  name,
  calls,
  failed,
  rejected,
  timed_out,
  per_rollout,
  seconds,
}: ToolStatistics): string[] {
  const counts = [calls, failed, rejected, timed_out].map(String);
  const tails = [per_rollout.p50, per_rollout.p95, per_rollout.max, seconds.p50, seconds.p95, seconds.max];
  return [cut(name), ...counts, ...tails.map(numberText)];
}

function tokenSentences({ tokens, rollouts }: RunStatistics): readonly string[] {
  const { prompt, completion, wasted } = tokens;
  const all = prompt + completion;
  const each = rollouts.graded === 0 ? "" : `, ${Math.round(all / rollouts.graded)} for each graded rollout`;
  const lost = `${wasted} (${percentText(wasted, all)}) in attempts that failed`;
  return all === 0 ? [] : [`${prompt} prompt and ${completion} completion tokens${each}; ${lost}.`];
}

function tellingSection({ stats, command, folderOf }: ReportInput): ReportSection {
  return section("telling", "Rollouts worth reading", {
    commands: stats.telling.map(({ item_index, sample_index, reward, why }) => ({
      line: `${command} show ${shellWord(folderOf({ item_index, sample_index }))} ${item_index}-${sample_index}`,
      remark: reward === null ? why : `${why} (reward ${numberText(reward)})`,
    })),
  });
}

function figures({ n, mean, stddev, min, p50, p95, max }: NumberSummary): readonly string[] {
  return [String(n), ...[mean, stddev, min, p50, p95, max].map(numberText)];
}

function cut(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}…`;
}
