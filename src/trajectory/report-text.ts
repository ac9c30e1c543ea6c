import { alignedTable, printable } from "./plain-text.ts";
import type { ReportSection } from "./report-sections.ts";

/** A report for a terminal. */
export function reportText(title: string, sections: readonly ReportSection[]): string {
  const parts = sections.map(({ title: name, sentences, header, rows }) =>
    [
      name.toUpperCase(),
      ...sentences.map(printable),
      ...(rows.length === 0 ? [] : [alignedTable(header, rows)]),
    ].join("\n"),
  );
  return `${[printable(title), ...parts].join("\n\n")}\n`;
}

/** A report as Markdown. */
export function reportMarkdown(title: string, sections: readonly ReportSection[]): string {
  const parts = sections.map(({ title: name, sentences, header, rows }) => {
    const text = sentences.map((sentence) => `- ${cell(sentence)}`).join("\n");
    const table = rows.length === 0 ? "" : markdownTable(header, rows);
    return [`## ${name}`, text, table].filter((part) => part !== "").join("\n\n");
  });
  return `${[`# ${cell(title)}`, ...parts].join("\n\n")}\n`;
}

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A text as one cell: it can end neither its cell nor the table, and starts no HTML. */
function cell(text: string): string {
  return printable(text)
    .replaceAll("\n", " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll("|", "\\|");
}
