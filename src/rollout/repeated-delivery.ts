import type { LogStore, WorkDelivery } from "../bus/port.ts";
import { eventsSubject } from "../bus/subjects.ts";
import type { Clock } from "../lib/clock.ts";
import { isHeld } from "./ask-driver.ts";
import type { AskDeps } from "./ask-driver.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import { driversOnRecord } from "./drivers-on-record.ts";
import type { ReconnectPause } from "./reconnect-pause.ts";

/** Work that came more often, with no record of late, is driven alone: it may end whoever reads it, on record or not. */
const SUSPECT_DELIVERIES = 5;
/** As long as so many deliveries take whose workers die each time. */
const SUSPECT_SILENCE_MS = SUSPECT_DELIVERIES * 60_000;
/** Work that came more often than this without a trace, and of which nothing was recorded for so long, is set aside. */
const MAX_DELIVERIES = 20;
const LONG_SILENCE_MS = 1_800_000;

/** What a worker does with a delivery. */
export type DeliveryVerdict =
  | "drive"
  /** Alone among what this worker suspects, until there is a record. */
  | "drive_alone"
  /** It is given up, unread. */
  | "set_aside"
  /** Another worker drives it: neither ack nor nak. */
  | "held";

/** What is known of work that came again and again. */
export interface DeliveryHistory {
  readonly deliveries: number;
  /** Since the log's last message; infinite when there is none. */
  readonly silenceMs: number;
}

/**
 * Decides it by deliveries alone, which are a blunt measure: an outage, a drain, a worker that gives work back count as
 * the death of a worker does. What was recorded of late shows that whoever took it survived the reading.
 */
export function judgeDelivery({ deliveries, silenceMs }: DeliveryHistory): Exclude<DeliveryVerdict, "held"> {
  if (deliveries <= SUSPECT_DELIVERIES || silenceMs < SUSPECT_SILENCE_MS) return "drive";
  return deliveries > MAX_DELIVERIES && silenceMs >= LONG_SILENCE_MS ? "set_aside" : "drive_alone";
}

/** What judging needs of the world. */
export interface RepeatedDeps extends AskDeps {
  readonly bus: AskDeps["bus"] & Pick<LogStore, "read" | "readLast">;
  readonly clock: Clock;
  /** Wall time that does not jump, to compare with times on record. */
  readonly steadyNow: () => number;
  /** This worker's id. */
  readonly worker: string;
  readonly reconnects: Pick<ReconnectPause, "over">;
}

/**
 * Decides what becomes of a delivery. Before one is set aside its driver is asked, and each driver on record is taken
 * off the count: what it attached to did not end it unread. A bus that does not answer leaves it a suspect.
 */
export async function judgeRepeated(
  deps: RepeatedDeps,
  ref: AttemptRef,
  { deliveries }: Pick<WorkDelivery, "deliveries">,
): Promise<DeliveryVerdict> {
  if (deliveries <= SUSPECT_DELIVERIES) return "drive";
  try {
    const last = await deps.bus.readLast("events", eventsSubject(ref), { fromLeader: true });
    const silenceMs = last === null ? Infinity : deps.steadyNow() - last.storedAtMs;
    const verdict = judgeDelivery({ deliveries, silenceMs });
    return verdict === "set_aside" ? await judgeByDrivers(deps, ref, deliveries) : verdict;
  } catch {
    return "drive_alone";
  }
}

async function judgeByDrivers(
  deps: RepeatedDeps,
  ref: AttemptRef,
  deliveries: number,
): Promise<DeliveryVerdict> {
  const { attaches, driver } = await driversOnRecord(deps.bus, ref);
  if (deliveries - attaches <= MAX_DELIVERIES) return "drive_alone";
  if (driver === null || driver === deps.worker) return "set_aside";
  await deps.reconnects.over(deps.signal);
  return (await isHeld(deps, driver, ref)) ? "held" : "set_aside";
}
