import { barChart, lineChart, stripChart } from "./report-charts.ts";
import type { Bar } from "./report-charts.ts";
import { escapeHtml } from "./html-text.ts";
import type { ReportSection } from "./report-sections.ts";
import type { ResultRecord } from "./result-record.ts";
import type { RunStatistics } from "./run-statistics.ts";

const STYLE = `
:root{color-scheme:light dark;--ink:#1d2330;--paper:#fff;--soft:#6b7385;--line:#d9dde5;--a:#2f6fde;--b:#c9572b}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9f0;--paper:#15181f;--soft:#9aa3b5;--line:#323846;--a:#7aa7ff;--b:#f08a5d}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem;border-bottom:1px solid var(--line)}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;display:block;overflow-x:auto}
td,th{padding:.2rem .7rem .2rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}th{color:var(--soft);font-weight:500}
figure{margin:1rem 0}figcaption{color:var(--soft);font-size:.9rem}svg{width:100%;height:auto}svg text{font-size:10px;fill:var(--soft)}
.bar{fill:var(--a)}.axis,.range{stroke:var(--line)}.dot{fill:var(--a);fill-opacity:.6}.mean{stroke:var(--b);stroke-width:2}
.line{fill:none;stroke-width:2}.s0{stroke:var(--a)}.s1{stroke:var(--b)}circle.s0{fill:var(--a)}circle.s1{fill:var(--b)}
`;

/** What the charts need beside the statistics: a few numbers of each rollout. */
export type ChartedResult = Pick<ResultRecord, "item_index" | "reward" | "tool_calls">;

/** A report as one static HTML file: no scripts, no requests; every text is escaped, for outputs are hostile. */
export function reportHtml(
  title: string,
  report: {
    readonly sections: readonly ReportSection[];
    readonly stats: RunStatistics;
    readonly results: readonly ChartedResult[];
  },
): string {
  const { sections, stats, results } = report;
  const [summary, ...rest] = sections.map(sectionHtml);
  const charts = [
    rewardChart(results),
    groupChart(results),
    toolCallChart(results),
    lineChart("pass@k and best of k by k", [
      { name: "pass@k", values: stats.passAtK },
      { name: "best of k", values: stats.bestOfK },
    ]),
    barChart(
      "Mean seconds of a rollout by phase",
      Object.entries(stats.seconds).map(([phase, { mean }]) => ({ label: phase, value: mean ?? 0 })),
    ),
  ];
  const body = [`<h1>${escapeHtml(title)}</h1>`, summary ?? "", `<h2>Charts</h2>`, ...charts, ...rest].join(
    "\n",
  );
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body>\n${body}\n</body></html>\n`;
}

function sectionHtml({ title, sentences, header, rows }: ReportSection): string {
  const text = sentences.map((sentence) => `<p>${escapeHtml(sentence)}</p>`).join("");
  const cells = (row: readonly string[], tag: "td" | "th"): string =>
    `<tr>${row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  const table =
    rows.length === 0
      ? ""
      : `<table><thead>${cells(header, "th")}</thead><tbody>${rows.map((row) => cells(row, "td")).join("")}</tbody></table>`;
  return `<h2>${escapeHtml(title)}</h2>${text}${table}`;
}

function rewardChart(results: readonly ChartedResult[]): string {
  const rewards = results.flatMap(({ reward }) => reward ?? []);
  return barChart("Rollouts by reward", histogram(rewards, 20));
}

function toolCallChart(results: readonly ChartedResult[]): string {
  const counts = Map.groupBy(results, ({ tool_calls }) => tool_calls);
  const most = Math.max(0, ...counts.keys());
  const bars = Array.from({ length: Math.min(most, 200) + 1 }, (_, calls) => ({
    label: String(calls),
    value: counts.get(calls)?.length ?? 0,
  }));
  return barChart("Rollouts by number of tool calls", bars);
}

function groupChart(results: readonly ChartedResult[]): string {
  const strips = [...Map.groupBy(results, ({ item_index }) => item_index)].flatMap(([item, members]) => {
    const values = members.flatMap(({ reward }) => reward ?? []);
    const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
    return values.length === 0 ? [] : [{ label: `item ${item}`, values, mean }];
  });
  return stripChart(
    "Rewards of each group, sorted by mean",
    strips.toSorted((a, b) => a.mean - b.mean),
  );
}

/** Counts of values in bins of equal width over their range, which is at least 0 to 1. */
function histogram(values: readonly number[], bins: number): readonly Bar[] {
  const low = Math.min(0, ...values);
  const width = (Math.max(1, ...values) - low) / bins;
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.floor((value - low) / width));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts.map((value, bin) => ({ label: (low + bin * width).toFixed(2), value }));
}
