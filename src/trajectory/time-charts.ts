import type { NumberSummary } from "../lib/describe-numbers.ts";
import { PLOT, at, chart, label, scale, short, ticks, withTip, yGrid } from "./chart-parts.ts";
import { PHASES, totalSeconds } from "./rollout-facts.ts";
import type { RolloutFacts } from "./rollout-facts.ts";

/** Columns of the stacked chart. */
const COLUMNS = 60;

/** Seconds by phase, stacked: rollouts from the fastest to the slowest, neighbours averaged into one column. */
export function phaseChart(caption: string, rollouts: readonly Pick<RolloutFacts, "seconds">[]): string {
  const columns = slices(rollouts.toSorted((a, b) => totalSeconds(a) - totalSeconds(b))).map(meanPhases);
  const most = columns.reduce((found, seconds) => Math.max(found, totalSeconds({ seconds })), 1e-6);
  const yOf = scale([0, most], [PLOT.bottom, PLOT.top]);
  const step = (PLOT.right - PLOT.left) / Math.max(1, columns.length);
  const shapes = columns.map((seconds, index) => stack(seconds, { x: PLOT.left + index * step, step, yOf }));
  const ends =
    label("fastest", PLOT.left, PLOT.height - 8, "start") +
    label("slowest", PLOT.right, PLOT.height - 8, "end");
  return chart(caption, [yGrid(ticks(0, most), yOf), ...shapes, ends], { legend: PHASES });
}

type Seconds = RolloutFacts["seconds"];

function slices<T>(values: readonly T[]): readonly (readonly T[])[] {
  const count = Math.min(COLUMNS, values.length);
  return Array.from({ length: count }, (_, index) =>
    values.slice(
      Math.floor((index * values.length) / count),
      Math.floor(((index + 1) * values.length) / count),
    ),
  );
}

function meanPhases(rollouts: readonly Pick<RolloutFacts, "seconds">[]): Seconds {
  const mean = (phase: keyof Seconds): number =>
    rollouts.reduce((sum, { seconds }) => sum + seconds[phase], 0) / rollouts.length;
  return {
    queued: mean("queued"),
    sandbox: mean("sandbox"),
    model: mean("model"),
    tool: mean("tool"),
    grade: mean("grade"),
  };
}

function stack(
  seconds: Seconds,
  { x, step, yOf }: { readonly x: number; readonly step: number; readonly yOf: (value: number) => number },
): string {
  let below = 0;
  const rects = PHASES.map((phase, index) => {
    const from = below;
    below += seconds[phase];
    const height = yOf(from) - yOf(below);
    return `<rect class="f${index}" x="${at(x + step * 0.06)}" y="${yOf(below).toFixed(2)}" width="${at(step * 0.88)}" height="${height.toFixed(2)}"/>`;
  });
  const each = PHASES.map((phase) => `${phase} ${short(seconds[phase])} s`);
  return withTip(`${short(below)} s: ${each.join(", ")}`, rects.join(""));
}

/** A row of the tail chart. */
export interface Tail {
  readonly name: string;
  readonly summary: NumberSummary;
}

const ROW = 22;
const NAME_WIDTH = 130;
/** Rows that are drawn; the table beside it has all. */
const ROWS = 24;

/** Median, 95th percentile and maximum as a bar and two marks a row, on a scale of powers of ten. */
export function tailChart(caption: string, tails: readonly Tail[]): string {
  const rows = tails.filter(({ summary }) => (summary.max ?? 0) > 0).slice(0, ROWS);
  const values = rows
    .flatMap(({ summary: { p50, max } }) => [p50 ?? 0, max ?? 0])
    .filter((value) => value > 0);
  if (values.length === 0) return "";
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  const onScale = scale([low, high], [PLOT.left + NAME_WIDTH, PLOT.right - 10]);
  const xOf = (value: number): number => onScale(Math.max(low, Math.log10(Math.max(value, 10 ** low))));
  const height = rows.length * ROW + 34;
  const grid = Array.from({ length: high - low + 1 }, (_, index) => {
    const x = onScale(low + index);
    const line = `<line class="grid" x1="${at(x)}" x2="${at(x)}" y1="4" y2="${height - 22}"/>`;
    return line + label(short(Number((10 ** (low + index)).toPrecision(6))), x, height - 8);
  });
  const shapes = rows.map((row, index) => tailRow(row, index * ROW + 16, xOf));
  return chart(caption, [...grid, ...shapes], { height, legend: ["up to p50", "p95", "max"] });
}

function tailRow({ name, summary }: Tail, y: number, xOf: (value: number) => number): string {
  const [p50, p95, max] = [summary.p50 ?? 0, summary.p95 ?? 0, summary.max ?? 0];
  const start = PLOT.left + NAME_WIDTH;
  const short20 = name.length > 20 ? `${name.slice(0, 19)}…` : name;
  const shapes = [
    label(short20, start - 8, y + 4, "end"),
    `<rect class="f0" x="${start}" y="${y - 5}" width="${at(Math.max(1, xOf(p50) - start))}" height="10"/>`,
    `<line class="range" x1="${at(xOf(p50))}" x2="${at(xOf(max))}" y1="${y}" y2="${y}"/>`,
    `<circle class="f1" cx="${at(xOf(p95))}" cy="${y}" r="4"/>`,
    `<circle class="f2" cx="${at(xOf(max))}" cy="${y}" r="4"/>`,
  ];
  return withTip(`${name}: p50 ${short(p50)}, p95 ${short(p95)}, max ${short(max)}`, shapes.join(""));
}
