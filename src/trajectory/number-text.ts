/** Means of whole numbers miss them by what a double rounds. */
const ROUNDING = 1e-9;

/** A number as reports show it: whole ones as they are, others with three decimals, a dash for none. */
export function numberText(value: number | null): string {
  if (value === null) return "–";
  const whole = Math.round(value);
  return Math.abs(value - whole) < ROUNDING ? String(whole) : value.toFixed(3);
}

/** A part of a whole in whole percent. */
export function percentText(part: number, whole: number): string {
  return whole === 0 ? "0 %" : `${Math.round((100 * part) / whole)} %`;
}

/** A count with its noun: `1 rollout`, `2 rollouts`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
