import type { Clock } from "../lib/clock.ts";
import type { Bus } from "./port.ts";
import { silentSubject } from "./subjects.ts";

/** How often a silent stream is told of. */
const TELL_MS = 5_000;

/**
 * Tells whoever dispatches of the streams that answer nothing here, until the signal aborts: each service writes to streams
 * that the controller seldom writes to.
 */
export async function tellSilentStreams(
  bus: Pick<Bus, "broadcast" | "silentStreams">,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const stream of bus.silentStreams()) bus.broadcast(silentSubject(stream), new Uint8Array());
    await clock.sleep(TELL_MS, signal);
  }
}
