import { STREAM_NAMES, allConsumerSettings, streamSettings } from "../stream-settings.ts";
import type { ConsumerSettings, StreamSettings, StreamSizing } from "../stream-settings.ts";
import { STREAMS } from "../streams.ts";
import { apiFailure, callApi, callApiOrThrow } from "./api.ts";
import type { BusConnection } from "./connection.ts";

const OTHER_CONFIGURATION = 10058;
const NO_STREAM = 10059;
/** A stream that is there is refused so too, when what is not reserved is less than its own size. */
const NO_ROOM: readonly number[] = [10023, 10047];
const NO_CONSUMER = 10014;

/**
 * Creates or updates every stream and consumer; safe to repeat and to run twice at once.
 * Throws `internal` when the server refuses a setting, `bus_unavailable`, `bus_forbidden`.
 */
export async function ensureStreams(connection: BusConnection, sizing: StreamSizing): Promise<void> {
  for (const stream of STREAM_NAMES) await ensureStream(connection, streamSettings(stream, sizing));
  for (const consumer of allConsumerSettings(sizing)) await ensureConsumer(connection, consumer);
}

/** Makes the work consumers anew: what they had delivered and nobody acknowledged is deliverable again. */
export async function remakeConsumers(connection: BusConnection, sizing: StreamSizing): Promise<void> {
  for (const consumer of allConsumerSettings(sizing)) {
    await removeConsumer(connection, consumer.name);
    await ensureConsumer(connection, consumer);
  }
}

/** A try whose answer was lost may have removed it already. */
async function removeConsumer(connection: BusConnection, name: string): Promise<void> {
  const operation = `CONSUMER.DELETE.${STREAMS.work}.${name}`;
  const answer = await callApi(connection, operation, {});
  if (!answer.ok && answer.error.err_code !== NO_CONSUMER) throw apiFailure(operation, answer.error);
}

async function ensureStream(connection: BusConnection, settings: StreamSettings): Promise<void> {
  const operation = `STREAM.CREATE.${settings.name}`;
  const answer = await callApi(connection, operation, settings);
  if (answer.ok) return;
  const { err_code = 0 } = answer.error;
  if (err_code !== OTHER_CONFIGURATION && !NO_ROOM.includes(err_code))
    throw apiFailure(operation, answer.error);
  const update = `STREAM.UPDATE.${settings.name}`;
  const updated = await callApi(connection, update, settings);
  if (updated.ok) return;
  if (updated.error.err_code === NO_STREAM) throw apiFailure(operation, answer.error);
  throw apiFailure(update, updated.error);
}

async function ensureConsumer(connection: BusConnection, settings: ConsumerSettings): Promise<void> {
  const operation = `CONSUMER.CREATE.${STREAMS.work}.${settings.name}.${settings.filter_subject}`;
  await callApiOrThrow(connection, operation, { stream_name: STREAMS.work, config: settings, action: "" });
}
