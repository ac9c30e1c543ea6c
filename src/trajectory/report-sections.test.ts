import { describe, expect, it } from "vitest";
import { aRecordedCall } from "../../test/support/trajectory/records.ts";
import { aSample, trajectoryOf } from "../../test/support/trajectory/sample-run.ts";
import { reportSections } from "./report-sections.ts";
import type { ReportSection, SectionId } from "./report-sections.ts";
import { StatisticsBuilder } from "./run-statistics.ts";
import type { TrajectoryRecord } from "./trajectory-record.ts";

function sectionOf(id: SectionId, calls: TrajectoryRecord["calls"], folder = "runs/latest"): ReportSection {
  const builder = new StatisticsBuilder();
  for (const sample_index of [0, 1]) {
    const result = aSample({ sample_index, reward: sample_index, tool_calls: calls.length });
    builder.addResult(result);
    builder.addTrajectory(trajectoryOf(result, calls));
  }
  const stats = builder.build("sample");
  const sections = reportSections({
    stats,
    end: null,
    joined: null,
    series: [],
    command: "npx rollyard",
    folderOf: () => folder,
  });
  const found = sections.find((section) => section.id === id);
  if (found === undefined) throw new Error(`there is no section ${id}`);
  return found;
}

describe("the parts of a report", () => {
  it("list the tools with the most calls, and say how many names are left out", () => {
    const invented = Array.from({ length: 50 }, (_, index) => aRecordedCall({ name: `invented_${index}` }));
    const tools = sectionOf("tools", [...invented, aRecordedCall(), aRecordedCall()]);
    expect(tools.rows).toHaveLength(30);
    expect(tools.rows[0]?.slice(0, 2)).toEqual(["search", "4"]);
    expect(tools.sentences.join(" ")).toContain("21 more");
  });

  it("cut a name that the model made too long", () => {
    const tools = sectionOf("tools", [aRecordedCall({ name: "x".repeat(100_000) })]);
    expect(tools.rows[0]?.[0]?.length).toBeLessThan(400);
  });

  it("give command lines that a shell takes for one folder, whatever its name is", () => {
    const { commands } = sectionOf("telling", [], "my runs/it's $(here)");
    expect(commands.map(({ line }) => line)).toContain(
      String.raw`npx rollyard show 'my runs/it'\''s $(here)' 0-1`,
    );
  });
});
