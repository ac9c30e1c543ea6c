const SOON_MS = 60_000;
const LATER_MS = 900_000;
/** Deliveries by which a rolling upgrade has usually come round. */
const SOON_DELIVERIES = 5;

/**
 * For how long work of another version is given back, by its deliveries so far, in ms. Later ones are far apart: each counts
 * towards being set aside as if it had ended its reader, and an upgrade that hangs for hours is no reason for that.
 */
export function otherVersionDelayMs(deliveries: number): number {
  return deliveries < SOON_DELIVERIES ? SOON_MS : LATER_MS;
}
