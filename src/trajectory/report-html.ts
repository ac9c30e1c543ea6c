import { escapeHtml } from "./html-text.ts";
import { sectionCharts } from "./section-charts.ts";
import type { ReportSection } from "./report-sections.ts";
import { commandLines } from "./report-text.ts";
import type { RolloutFacts } from "./rollout-facts.ts";
import type { RunStatistics } from "./run-statistics.ts";

const STYLE = `
:root{color-scheme:light dark;--ink:#1d2330;--paper:#fff;--soft:#5d6577;--line:#d9dde5;--wash:#f4f6f9;--c0:#2f6fde;--c1:#d9822b;--c2:#2a9d6f;--c3:#9a5fd0;--c4:#8a93a5}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9f0;--paper:#15181f;--soft:#9aa3b5;--line:#323846;--wash:#1c212b;--c0:#7aa7ff;--c1:#f0a35d;--c2:#5fcf9f;--c3:#c29bf0;--c4:#7d8799}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2.2rem;border-bottom:1px solid var(--line)}
.summary li{margin:.25rem 0}li{overflow-wrap:anywhere}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;display:block;overflow-x:auto}
td,th{padding:.2rem .9rem .2rem 0;text-align:right;vertical-align:top;border-bottom:1px solid var(--line);white-space:nowrap}
td:first-child,th:first-child,td.text,th.text{text-align:left}th{color:var(--soft);font-weight:500}
pre{background:var(--wash);padding:.8rem;overflow-x:auto;font-size:13px}
figure{max-width:48rem}
figure{margin:1rem 0}figcaption{color:var(--soft);font-size:.9rem}svg{width:100%;height:auto}svg text{font-size:11px;fill:var(--soft)}
.key{margin-left:1rem;white-space:nowrap}.key i{display:inline-block;width:.7em;height:.7em;margin-right:.3em;border-radius:2px}
.grid,.range{stroke:var(--line)}.range{stroke:var(--c4)}.mean{stroke:var(--c1);stroke-width:2}.line{fill:none;stroke-width:2}circle{fill-opacity:.75}
${[0, 1, 2, 3, 4].map((n) => `.f${n}{fill:var(--c${n})}.s${n}{stroke:var(--c${n})}.k${n}{background:var(--c${n})}`).join("")}
`;

/** The browser itself refuses whatever an escape may have missed: no script runs, nothing is loaded. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** A report as one static HTML file: no scripts, no requests; every text is escaped, for outputs are hostile. */
export function reportHtml(
  title: string,
  report: {
    readonly sections: readonly ReportSection[];
    readonly stats: RunStatistics;
    readonly rollouts: readonly RolloutFacts[];
  },
): string {
  const { sections, stats, rollouts } = report;
  const charts = sectionCharts(stats, rollouts);
  const head = [
    `<meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    `<title>${escapeHtml(title)}</title><style>${STYLE}</style>`,
  ].join("");
  const parts = sections.map((section) => sectionHtml(section, charts[section.id] ?? []));
  const body = [`<h1>${escapeHtml(title)}</h1>`, ...parts].join("\n");
  return `<!doctype html>\n<html lang="en"><head>${head}</head><body>\n${body}\n</body></html>\n`;
}

function sectionHtml(section: ReportSection, charts: readonly string[]): string {
  const { id, title, sentences, commands } = section;
  const items = sentences.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join("");
  const code = commandLines(commands).map(escapeHtml).join("\n");
  return [
    `<section class="${id}"><h2>${escapeHtml(title)}</h2>`,
    items === "" ? "" : `<ul>${items}</ul>`,
    tableHtml(section),
    charts.length === 0 ? "" : `<div class="charts">${charts.join("")}</div>`,
    code === "" ? "" : `<pre>${code}</pre>`,
    "</section>",
  ].join("");
}

function tableHtml({ header, rows }: ReportSection): string {
  if (rows.length === 0) return "";
  const isText = header.map((_, column) =>
    rows.some((row) => !/^[-–]?[\d.]*( %)?$/u.test(row[column] ?? "")),
  );
  const line = (row: readonly string[], tag: "td" | "th"): string => {
    const cells = row.map((cell, column) => {
      const kind = isText[column] === true ? ' class="text"' : "";
      return `<${tag}${kind}>${escapeHtml(cell)}</${tag}>`;
    });
    return `<tr>${cells.join("")}</tr>`;
  };
  const body = rows.map((row) => line(row, "td")).join("");
  return `<table><thead>${line(header, "th")}</thead><tbody>${body}</tbody></table>`;
}
