import type { CompanyRules } from "./company.ts";

/** Drivers that ended without a turn, from which on a rollout is suspected of ending them. */
export const SUSPECT_FROM = 2;

/** How many suspects a worker drives at once, by the drivers that have ended; one alone from the fourth on. */
const WIDTHS: ReadonlyMap<number, number> = new Map([
  [SUSPECT_FROM, 16],
  [SUSPECT_FROM + 1, 4],
]);

/**
 * Suspects only, by drivers that have ended without a turn (or deliveries of which nothing was recorded). Those that
 * wait are not attached, so a death while they wait is not counted against them.
 */
export const WORKER_COMPANY: CompanyRules = {
  widthFor: (deaths) => (deaths < SUSPECT_FROM ? Number.POSITIVE_INFINITY : (WIDTHS.get(deaths) ?? 1)),
  leastSuspectedFirst: true,
};
