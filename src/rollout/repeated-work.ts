import type { RepeatedDelivery } from "../bus/delivery-table.ts";
import type { ActiveRollout } from "./active-rollouts.ts";

/** Entries that a worker announces: an announcement must stay small. */
const MOST = 32;

/** Of what a worker drives the work that was delivered more than once, most often first. */
export function repeatedWork(active: Iterable<Pick<ActiveRollout, "delivery">>): readonly RepeatedDelivery[] {
  return [...active]
    .map(({ delivery: { subject, deliveries } }) => ({ subject, deliveries }))
    .filter(({ deliveries }) => deliveries > 1)
    .toSorted((a, b) => b.deliveries - a.deliveries)
    .slice(0, MOST);
}
