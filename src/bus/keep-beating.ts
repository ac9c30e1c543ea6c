import type { Clock } from "../lib/clock.ts";
import type { WorkDelivery } from "./port.ts";

/** Time between two beats of a delivery; `ack_wait` is four of them. */
export const BEAT_MS = 15_000;

/** Beats for a delivery, at once and until the signal aborts. */
export async function keepBeating(delivery: WorkDelivery, clock: Clock, done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    delivery.working();
    await clock.sleep(BEAT_MS, done);
  }
}
