/** The sum over a metric's series in a text of Prometheus; 0 for one that has none yet. */
export function metricSum(text: string, name: string): number {
  const values = text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gmu"));
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
}
