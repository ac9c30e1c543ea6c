import { escapeHtml } from "./html-text.ts";

const WIDTH = 640;
const HEIGHT = 180;
const LEFT = 44;
const BOTTOM = 22;
const TOP = 8;

/** A bar of a chart. */
export interface Bar {
  readonly label: string;
  readonly value: number;
}

/** Bars side by side, each with its value as a tooltip. An SVG element. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const most = Math.max(1e-9, ...bars.map(({ value }) => value));
  const step = (WIDTH - LEFT) / Math.max(1, bars.length);
  const shapes = bars.map(({ label, value }, index) => {
    const height = ((HEIGHT - TOP - BOTTOM) * value) / most;
    const x = LEFT + index * step;
    const y = HEIGHT - BOTTOM - height;
    const tip = `${label}: ${format(value)}`;
    const isLabelled = bars.length <= 24 || index % Math.ceil(bars.length / 24) === 0;
    const text = isLabelled
      ? `<text x="${at(x + step / 2)}" y="${HEIGHT - 6}" text-anchor="middle">${escapeHtml(label)}</text>`
      : "";
    return `<g><title>${escapeHtml(tip)}</title><rect class="bar" x="${at(x + step * 0.1)}" y="${at(y)}" width="${at(step * 0.8)}" height="${at(height)}"/>${text}</g>`;
  });
  return svg(title, [axis(most), ...shapes]);
}

/** A row of a strip plot: each value a dot, the mean a line. */
export interface Strip {
  readonly label: string;
  readonly values: readonly number[];
  readonly mean: number;
}

/** One thin column a group, dots for its members' rewards, sorted as given. */
export function stripChart(title: string, strips: readonly Strip[]): string {
  const values = strips.flatMap((strip) => strip.values);
  const low = Math.min(0, ...values);
  const high = Math.max(1, ...values);
  const step = (WIDTH - LEFT) / Math.max(1, strips.length);
  const yOf = (value: number): number =>
    HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * (value - low)) / Math.max(1e-9, high - low);
  const columns = strips.map(({ label, values: own, mean }, index) => {
    const x = LEFT + (index + 0.5) * step;
    const dots = own.map((value) => `<circle class="dot" cx="${at(x)}" cy="${at(yOf(value))}" r="2.5"/>`);
    const range = `<line class="range" x1="${at(x)}" x2="${at(x)}" y1="${at(yOf(Math.min(...own)))}" y2="${at(yOf(Math.max(...own)))}"/>`;
    const line = `<line class="mean" x1="${at(x - step * 0.4)}" x2="${at(x + step * 0.4)}" y1="${at(yOf(mean))}" y2="${at(yOf(mean))}"/>`;
    const tip = `${label}: mean ${format(mean)} of ${own.length}`;
    return `<g><title>${escapeHtml(tip)}</title>${range}${dots.join("")}${line}</g>`;
  });
  const marks = [low, (low + high) / 2, high].map(
    (value) => `<text x="${LEFT - 6}" y="${at(yOf(value) + 4)}" text-anchor="end">${format(value)}</text>`,
  );
  return svg(title, [...marks, ...columns]);
}

/** A line through the points (1, y1), (2, y2), …; unknown points are left out. */
export function lineChart(
  title: string,
  series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[],
): string {
  const count = Math.max(1, ...series.map(({ values }) => values.length));
  const high = Math.max(1, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const xOf = (index: number): number => LEFT + ((WIDTH - LEFT - 90) * index) / Math.max(1, count - 1);
  const yOf = (value: number): number => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * value) / high;
  const lines = series.map(({ name, values }, which) => {
    const points = values.flatMap((value, index) =>
      value === null
        ? []
        : [{ x: xOf(index), y: yOf(value), text: `${name} at ${index + 1}: ${format(value)}` }],
    );
    const path = points.map(({ x, y }) => `${at(x)},${at(y)}`).join(" ");
    const dots = points.map(
      ({ x, y, text }) =>
        `<circle class="s${which}" cx="${at(x)}" cy="${at(y)}" r="3"><title>${escapeHtml(text)}</title></circle>`,
    );
    const last = points.at(-1);
    const label =
      last === undefined
        ? ""
        : `<text x="${at(last.x + 8)}" y="${at(last.y + 4)}">${escapeHtml(name)}</text>`;
    return `<polyline class="line s${which}" points="${path}"/>${dots.join("")}${label}`;
  });
  const ticks = Array.from(
    { length: count },
    (_, index) => `<text x="${at(xOf(index))}" y="${HEIGHT - 6}" text-anchor="middle">${index + 1}</text>`,
  );
  return svg(title, [axis(high), ...ticks, ...lines]);
}

function axis(most: number): string {
  const y = HEIGHT - BOTTOM;
  return `<line class="axis" x1="${LEFT}" x2="${WIDTH}" y1="${y}" y2="${y}"/><text x="${LEFT - 6}" y="${y}" text-anchor="end">0</text><text x="${LEFT - 6}" y="${TOP + 10}" text-anchor="end">${format(most)}</text>`;
}

function svg(title: string, parts: readonly string[]): string {
  return `<figure><figcaption>${escapeHtml(title)}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">${parts.join("")}</svg></figure>`;
}

function at(value: number): string {
  return value.toFixed(1);
}

function format(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
