import { cpuPerTurn, PART_NAMES, rate } from "./figures.ts";
import type { Figures } from "./figures.ts";
import { SCENARIOS } from "./load.ts";
import type { Scenario } from "./load.ts";
import type { Machine } from "./machine.ts";

const TITLES: Readonly<Record<Scenario, string>> = {
  bare: "bare loop",
  process: "tools in process",
  sandbox: "in sandboxes",
};

const MIB = 1024 * 1024;

/** The figures as a table: a column a scenario, each cell the median of its runs. */
export function report(machine: Machine, runs: readonly Figures[]): string {
  const columns = SCENARIOS.map((scenario) => runs.filter((run) => run.scenario === scenario)).filter(
    (column) => column.length > 0,
  );
  const lines = [...rows(columns)];
  const widths = columns.map((_, at) => Math.max(...lines.map(({ cells }) => (cells[at] ?? "").length)));
  const table = lines.map(({ name, cells }) => {
    const padded = cells.map((cell, at) => cell.padStart(widths[at] ?? 0));
    return [name.padEnd(36), ...padded].join("  ").trimEnd();
  });
  return [...header(machine), "", ...table, ...problemLines(runs), ""].join("\n");
}

function header(machine: Machine): readonly string[] {
  const { cores, cpu, memoryBytes, system, node, loadBefore } = machine;
  return [
    `${cores} cores (${cpu}), ${(memoryBytes / MIB / 1024).toFixed(1)} GiB, ${system}, Node ${node}, load average before ${loadBefore.toFixed(2)}`,
    "A turn is one model call and one tool call; every rollout ends at its turn limit. Medians where there are several runs.",
  ];
}

interface Row {
  readonly name: string;
  readonly cells: readonly string[];
}

function rows(columns: readonly (readonly Figures[])[]): readonly Row[] {
  const bare = columns.find(([run]) => run?.scenario === "bare");
  const row = (name: string, value: (run: Figures) => number | undefined, digits: number): Row => ({
    name,
    cells: columns.map((column) => cell(medianOf(column, value), digits)),
  });
  const ratio = (name: string, value: (run: Figures) => number | undefined): Row => {
    const base = bare === undefined ? undefined : medianOf(bare, value);
    return { name, cells: columns.map((column) => cell(divided(medianOf(column, value), base), 2)) };
  };
  const ofLoop = (run: Figures): number | undefined => cpuPerTurn(run, "loop");
  return [
    { name: "", cells: columns.map(([run]) => (run === undefined ? "" : TITLES[run.scenario])) },
    row("runs", ({ scenario }) => columns.find(([run]) => run?.scenario === scenario)?.length, 0),
    row("rollouts", ({ load }) => load.rollouts, 0),
    row("turns a rollout", ({ load }) => load.turns, 0),
    row("at once", ({ load }) => load.parallelism, 0),
    row("model latency, ms", ({ load }) => load.modelLatencyMs, 0),
    row("seconds", ({ seconds }) => seconds, 1),
    row("rollouts/s", rate, 1),
    ratio("rollouts/s, bare loop = 1", rate),
    ...PART_NAMES.map((part) => row(`CPU ms a turn, ${shown(part)}`, (run) => cpuPerTurn(run, part), 2)),
    ratio("CPU a turn of worker, bare loop = 1", ofLoop),
    ...PART_NAMES.map((part) =>
      row(`peak RSS MiB, ${shown(part)}`, ({ parts }) => divided(parts[part]?.peakRssBytes, MIB), 0),
    ),
    ...streamRows(columns.flat()).map(({ name, value }) => row(name, value, 1)),
  ];
}

function streamRows(
  runs: readonly Figures[],
): readonly { readonly name: string; readonly value: (run: Figures) => number | undefined }[] {
  const names = [...new Set(runs.flatMap(({ streams }) => streams.map(({ stream }) => stream)))];
  const total = (run: Figures, field: "messages" | "heldBytes"): number | undefined =>
    run.streams.length === 0 ? undefined : run.streams.reduce((sum, use) => sum + use[field], 0);
  return [
    ...names.map((name) => ({
      name: `stored messages, ${name}`,
      value: ({ streams }: Figures) => streams.find(({ stream }) => stream === name)?.messages,
    })),
    { name: "stored messages a rollout", value: (run) => divided(total(run, "messages"), run.load.rollouts) },
    {
      name: "stored KiB a rollout",
      value: (run) => divided(total(run, "heldBytes"), run.load.rollouts * 1024),
    },
  ];
}

function shown(part: string): string {
  return part === "loop" ? "worker" : part;
}

function medianOf(
  column: readonly Figures[],
  value: (run: Figures) => number | undefined,
): number | undefined {
  const values = column.flatMap((run) => value(run) ?? []).toSorted((a, b) => a - b);
  const [low, high] = [values[(values.length - 1) >> 1], values[values.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function divided(value: number | undefined, by: number | undefined): number | undefined {
  return value === undefined || by === undefined || by === 0 ? undefined : value / by;
}

function cell(value: number | undefined, digits: number): string {
  return value === undefined ? "-" : value.toFixed(digits);
}

function problemLines(runs: readonly Figures[]): readonly string[] {
  const problems = runs.flatMap((run) =>
    run.problems.map((problem) => `${TITLES[run.scenario]}: ${problem}`),
  );
  return problems.length === 0 ? [] : ["", "These figures are worth nothing:", ...problems];
}
