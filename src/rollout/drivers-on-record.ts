import type { LogStore, StoredMessage } from "../bus/port.ts";
import { eventsSubject } from "../bus/subjects.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import type { RolloutEvent } from "./events.ts";
import { decodeLogMessage } from "./log-message.ts";

/** What a log says of an attempt's drivers. */
export interface DriversOnRecord {
  /** How often one attached. */
  readonly attaches: number;
  /** Who attached last and has not said goodbye. */
  readonly driver: string | null;
}

/**
 * Looks through a log for its drivers without folding it or fetching what it names, message by message: what can't be
 * decoded is passed over. Rejects with `bus_unavailable`.
 */
export async function driversOnRecord(
  store: Pick<LogStore, "read">,
  ref: AttemptRef,
): Promise<DriversOnRecord> {
  const stored = await store.read("events", eventsSubject(ref));
  let attaches = 0;
  let driver: string | null = null;
  for (const { kind } of stored.flatMap((message) => eventsOf(message, ref))) {
    if (kind.case === "driverDetached") driver = null;
    if (kind.case !== "driverAttached") continue;
    attaches += 1;
    driver = kind.value.driver;
  }
  return { attaches, driver };
}

function eventsOf(message: StoredMessage, { attempt }: AttemptRef): readonly RolloutEvent[] {
  try {
    const decoded = decodeLogMessage(message);
    return decoded.attempt === attempt ? (decoded.events ?? []) : [];
  } catch {
    return [];
  }
}
