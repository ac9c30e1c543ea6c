import type { Msg } from "nats";

import type { PullOptions } from "../port.ts";
import { workConsumer } from "../stream-settings.ts";
import { STREAMS } from "../streams.ts";
import type { BusConnection } from "./connection.ts";
import { JetStreamDelivery } from "./delivery.ts";
import { pullOnce } from "./pull-request.ts";
import type { PullOutcome } from "./pull-request.ts";

/** Pause after a pull that ended early, so that a caller's loop doesn't spin while the consumer has no leader. */
const RETRY_MS = 250;

/**
 * One pull of work: resolves with the number of deliveries when the server ended it, and early when the
 * connection drops or the consumer moves; the caller asks again. Throws `bus_forbidden`.
 */
export async function pullWork(connection: BusConnection, options: PullOptions): Promise<number> {
  if (options.max <= 0) return 0;
  const { signal } = options;
  if (!(await connection.whenConnected(options.expiresMs, signal))) return 0;
  const outcome = await pullOnce(connection, {
    consumer: `${STREAMS.work}.${workConsumer(options.kind)}`,
    batch: options.max,
    expiresMs: options.expiresMs,
    onMessage: (message: Msg) => options.onDelivery(new JetStreamDelivery(connection, message)),
    onUnwanted: (message: Msg) => void new JetStreamDelivery(connection, message).nak(),
    ...(signal === undefined ? {} : { signal }),
  });
  if (endedEarly(outcome)) await connection.options.clock.sleep(RETRY_MS, signal);
  return outcome.count;
}

function endedEarly({ end }: PullOutcome): boolean {
  return end === "consumer_lost" || end === "silent" || end === "disconnected";
}
