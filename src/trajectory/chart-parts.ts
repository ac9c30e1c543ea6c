import { escapeHtml } from "./html-text.ts";

/** The size of every chart in SVG units, and where its plot begins and ends. */
export const PLOT = { width: 640, height: 190, left: 44, right: 632, top: 10, bottom: 166 } as const;

/** Maps a value of [low, high] onto [from, to]; a range without width maps onto `from`. */
export function scale(
  [low, high]: readonly [number, number],
  [from, to]: readonly [number, number],
): (value: number) => number {
  return high === low ? () => from : (value) => from + ((value - low) / (high - low)) * (to - from);
}

/** A figure with its caption around an SVG element, and a legend of the named colours. */
export function chart(
  caption: string,
  parts: readonly string[],
  options: { readonly height?: number; readonly legend?: readonly string[] } = {},
): string {
  const { height = PLOT.height, legend = [] } = options;
  const keys = legend.map(
    (name, index) => `<span class="key"><i class="k${index}"></i>${escapeHtml(name)}</span>`,
  );
  const box = `viewBox="0 0 ${PLOT.width} ${height}" role="img" aria-label="${escapeHtml(caption)}"`;
  return `<figure><figcaption>${escapeHtml(caption)}${keys.join("")}</figcaption><svg ${box}>${parts.join("")}</svg></figure>`;
}

/** Shapes that say the text when the pointer is over them. */
export function withTip(tip: string, shapes: string): string {
  return `<g><title>${escapeHtml(tip)}</title>${shapes}</g>`;
}

/** A text in a chart. */
export function label(
  text: string,
  x: number,
  y: number,
  anchor: "start" | "middle" | "end" = "middle",
): string {
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}">${escapeHtml(text)}</text>`;
}

/** Horizontal grid lines with their values; `yOf` places them. */
export function yGrid(values: readonly number[], yOf: (value: number) => number): string {
  return values
    .map(
      (value) =>
        `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at(yOf(value))}" y2="${at(yOf(value))}"/>` +
        label(short(value), PLOT.left - 6, yOf(value) + 3, "end"),
    )
    .join("");
}

/** Round values from low to high, about five steps apart. */
export function ticks(low: number, high: number): readonly number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** A coordinate. */
export function at(value: number): string {
  return value.toFixed(1);
}

/** A number in a chart. */
export function short(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}
