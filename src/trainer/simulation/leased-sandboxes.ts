const SERIES = /^rollyard_sandboxes\{(?<labels>[^}]*)\} (?<value>\S+)$/gmu;

/** Sandboxes that are leased by a page of Prometheus metrics; null for a page without the metric `rollyard_sandboxes`. */
export function leasedSandboxes(page: string): number | null {
  const series = [...page.matchAll(SERIES)].map(({ groups }) => groups ?? {});
  if (series.length === 0) return null;
  return series
    .filter(({ labels = "" }) => labels.includes('state="leased"'))
    .reduce((sum, { value }) => sum + Number(value), 0);
}
