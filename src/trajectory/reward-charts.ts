import { PLOT, at, chart, label, scale, short, ticks, withTip, yGrid } from "./chart-parts.ts";

/** A bar of a chart. */
export interface Bar {
  readonly label: string;
  readonly value: number;
}

/** Labels that fit under a chart. */
const LABELS = 22;

/** Bars side by side, each with its value as a tip. */
export function barChart(caption: string, bars: readonly Bar[]): string {
  const most = bars.reduce((found, { value }) => Math.max(found, value), 1);
  const yOf = scale([0, most], [PLOT.bottom, PLOT.top]);
  const step = (PLOT.right - PLOT.left) / Math.max(1, bars.length);
  const shapes = bars.map((bar, index) => {
    const x = PLOT.left + index * step;
    const height = PLOT.bottom - yOf(bar.value);
    const rect = `<rect class="f0" x="${at(x + step * 0.08)}" y="${at(yOf(bar.value))}" width="${at(step * 0.84)}" height="${at(height)}"/>`;
    const isLabelled = index % Math.ceil(bars.length / LABELS) === 0;
    return withTip(
      `${bar.label}: ${short(bar.value)}`,
      rect + (isLabelled ? label(bar.label, x + step / 2, PLOT.height - 8) : ""),
    );
  });
  return chart(caption, [yGrid(ticks(0, most), yOf), ...shapes]);
}

/** One group's rewards. */
export interface Strip {
  readonly label: string;
  readonly values: readonly number[];
  readonly mean: number;
}

/** Columns of a strip chart; more would be narrower than a dot. */
const STRIPS = 240;

/** One thin column a group, in the given order: its members' rewards as dots, their range and their mean as lines. */
export function stripChart(caption: string, strips: readonly Strip[]): string {
  const every = Math.ceil(strips.length / STRIPS);
  const shown = strips.filter((_, index) => index % every === 0);
  const values = shown.flatMap((strip) => strip.values);
  const low = values.reduce((least, value) => Math.min(least, value), 0);
  const high = values.reduce((most, value) => Math.max(most, value), 1);
  const yOf = scale([low, high], [PLOT.bottom, PLOT.top]);
  const step = (PLOT.right - PLOT.left) / Math.max(1, shown.length);
  const columns = shown.map((strip, index) => column(strip, PLOT.left + (index + 0.5) * step, { step, yOf }));
  const note = every === 1 ? caption : `${caption} (one group in ${every} is drawn)`;
  return chart(note, [yGrid(ticks(low, high), yOf), ...columns]);
}

function column(
  { label: name, values, mean }: Strip,
  x: number,
  { step, yOf }: { readonly step: number; readonly yOf: (value: number) => number },
): string {
  const ys = values.map(yOf);
  const range = `<line class="range" x1="${at(x)}" x2="${at(x)}" y1="${at(Math.min(...ys))}" y2="${at(Math.max(...ys))}"/>`;
  const counts = [...Map.groupBy(ys, (y) => at(y))];
  const radius = Math.min(4, Math.max(1.2, step * 0.18));
  const dots = counts.map(
    ([y, same]) => `<circle class="f0" cx="${at(x)}" cy="${y}" r="${at(radius * Math.sqrt(same.length))}"/>`,
  );
  const middle = at(yOf(mean));
  const line = `<line class="mean" x1="${at(x - step * 0.4)}" x2="${at(x + step * 0.4)}" y1="${middle}" y2="${middle}"/>`;
  const tip = `${name}: mean ${short(mean)}; ${values.map(short).join(", ")}`;
  return withTip(tip, range + dots.join("") + line);
}

/** A line of a line chart: y at x = 1, 2, …; unknown points are left out. */
export interface Series {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/** Lines over x = 1, 2, … */
export function lineChart(caption: string, series: readonly Series[]): string {
  const known = series.flatMap(({ values }) => values.flatMap((value) => value ?? []));
  const count = series.reduce((most, { values }) => Math.max(most, values.length), 1);
  const low = known.reduce((least, value) => Math.min(least, value), 0);
  const high = known.reduce((most, value) => Math.max(most, value), 1);
  const yOf = scale([low, high], [PLOT.bottom, PLOT.top]);
  const xOf = scale([1, count], [PLOT.left + 20, PLOT.right - 20]);
  const every = Math.ceil(count / LABELS);
  const under = Array.from({ length: count }, (_, index) =>
    index % every === 0 ? label(String(index + 1), xOf(index + 1), PLOT.height - 8) : "",
  );
  const lines = series.map((line, which) => polyline(line, which, { xOf, yOf }));
  const legend = series.map(({ name }) => name);
  return chart(caption, [yGrid(ticks(low, high), yOf), ...under, ...lines], { legend });
}

type Place = (value: number) => number;

function polyline(
  { name, values }: Series,
  which: number,
  { xOf, yOf }: { readonly xOf: Place; readonly yOf: Place },
): string {
  const points = values.flatMap((value, index) =>
    value === null
      ? []
      : [{ x: at(xOf(index + 1)), y: at(yOf(value)), tip: `${name} at ${index + 1}: ${short(value)}` }],
  );
  const path = points.map(({ x, y }) => `${x},${y}`).join(" ");
  const dots = points.map(({ x, y, tip }) =>
    withTip(tip, `<circle class="f${which}" cx="${x}" cy="${y}" r="3.5"/>`),
  );
  return `<polyline class="line s${which}" points="${path}"/>${dots.join("")}`;
}
