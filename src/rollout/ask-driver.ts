import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Bus } from "../bus/port.ts";
import { driverSubject } from "../bus/subjects.ts";
import { DriverAnswerSchema, DriverQuerySchema } from "../gen/rollyard/v1/requests_pb.ts";
import type { Clock } from "../lib/clock.ts";
import type { AttemptRef } from "./attempt-ref.ts";

/** How long another driver may be silent before it is fenced. */
const DRIVER_SILENCE_MS = 5000;

/** What asking needs of the world. */
export interface AskDeps {
  readonly bus: Pick<Bus, "request">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Asks a driver whether it has the attempt. Silence means that it has not, an abort meanwhile that it may have. */
export async function isHeld(deps: AskDeps, driver: string, ref: AttemptRef): Promise<boolean> {
  const query = toBinary(DriverQuerySchema, create(DriverQuerySchema, { ref }));
  const untilMs = deps.clock.monotonicMs() + DRIVER_SILENCE_MS;
  for (;;) {
    const leftMs = untilMs - deps.clock.monotonicMs();
    if (leftMs <= 0 || deps.signal.aborted) return deps.signal.aborted;
    const result = await deps.bus.request(driverSubject(driver), query, leftMs);
    if (result.kind === "reply") return fromBinary(DriverAnswerSchema, result.payload).state === "held";
    // Nobody listens there now; it may be reconnecting, so it keeps its whole time.
    if (result.kind === "no_responders") await deps.clock.sleep(Math.min(500, leftMs), deps.signal);
  }
}
