import { RollyardError } from "../errors/rollyard-error.ts";
import type { LogStore, OutgoingMessage } from "./port.ts";

/** An `unknown` takes the publish timeout, so this is more than a minute without a bus. */
export const MAX_TRIES = 20;

/**
 * Stores a message on a subject that never has more than one; resolves once one is there, be it ours or an equal one.
 * Only for subjects that name their content, or whose first message wins.
 * Rejects with `stream_full`, `bus_unavailable`, `bus_forbidden`.
 */
export async function storeOnce(
  store: LogStore,
  message: Omit<OutgoingMessage, "expectedLastSequence">,
): Promise<"stored" | "present"> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const { kind } = await store.publish({ ...message, expectedLastSequence: 0 });
    if (kind === "stored") return "stored";
    if (kind === "wrong_sequence") return "present";
    if (kind === "full" || kind === "slot_taken") throw new RollyardError("stream_full");
  }
  throw new RollyardError("bus_unavailable");
}
