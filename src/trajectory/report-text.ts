import { alignedTable, printable } from "./plain-text.ts";
import type { ReportSection } from "./report-sections.ts";

/** A report for a terminal. */
export function reportText(title: string, sections: readonly ReportSection[]): string {
  const parts = sections.map(({ title: name, sentences, header, rows, commands }) =>
    [
      name.toUpperCase(),
      ...sentences.map(oneLine),
      ...(rows.length === 0 ? [] : [alignedTable(header, rows)]),
      ...commandLines(commands).map(oneLine),
    ].join("\n"),
  );
  return `${[oneLine(title), ...parts].join("\n\n")}\n`;
}

/** A report as Markdown. */
export function reportMarkdown(title: string, sections: readonly ReportSection[]): string {
  const parts = sections.map(({ title: name, sentences, header, rows, commands }) => {
    const list = sentences.map((sentence) => `- ${inert(sentence)}`).join("\n");
    const table = rows.length === 0 ? "" : markdownTable(header, rows);
    return [`## ${name}`, list, table, codeBlock(commandLines(commands))]
      .filter((part) => part !== "")
      .join("\n\n");
  });
  return `${[`# ${inert(title)}`, ...parts].join("\n\n")}\n`;
}

/** Command lines with their remarks as comments of the shell. */
export function commandLines(commands: ReportSection["commands"]): readonly string[] {
  const width = Math.max(0, ...commands.map(({ line }) => line.length));
  return commands.map(({ line, remark }) => `${line.padEnd(width)}  # ${remark}`);
}

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(inert).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Indented code: whatever a line holds, it can't end the block. */
function codeBlock(lines: readonly string[]): string {
  return lines.map((line) => `    ${oneLine(line)}`).join("\n");
}

/** A text that Markdown shows as it is: it ends no cell, loads no image, makes no link and starts no HTML. */
function inert(text: string): string {
  return oneLine(text)
    .replaceAll(/[\\`*_[\]|~$]/gu, String.raw`\$&`)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll("://", "&#58;//");
}

function oneLine(text: string): string {
  return printable(text.replaceAll(/[\n\t]/gu, " "));
}
