import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { HEADERS } from "../bus/port.ts";
import type { BusHeaders, StoredMessage } from "../bus/port.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { EventBatchSchema } from "../gen/rollyard/v1/events_pb.ts";
import type { RolloutEvent } from "./events.ts";
import { nextDigest } from "./digest.ts";

/** Version of the event payloads that this code writes. */
export const EVENT_SCHEMA_VERSION = 1;

/** Where an attempt's log stands: what the next message must carry. */
export interface LogPosition {
  readonly attempt: number;
  /** Messages of the attempt so far. */
  readonly messages: number;
  /** Digest after them. */
  readonly digest: string;
}

/** A message of the log, decoded. `events` is null when the message is void. */
export interface LogMessage {
  readonly sequence: number;
  readonly payload: Uint8Array;
  readonly headers: BusHeaders;
  readonly attempt: number;
  readonly number: number;
  readonly digest: string;
  readonly events: readonly RolloutEvent[] | null;
}

/** Encodes events as the attempt's next message. `append` is `<driver nonce>:<n>`. */
export function encodeLogMessage(
  position: LogPosition,
  nonce: string,
  events: readonly RolloutEvent[],
): { readonly payload: Uint8Array; readonly headers: BusHeaders; readonly next: LogPosition } {
  const batch = create(EventBatchSchema, { schemaVersion: EVENT_SCHEMA_VERSION, events: [...events] });
  const payload = toBinary(EventBatchSchema, batch);
  const next = {
    attempt: position.attempt,
    messages: position.messages + 1,
    digest: nextDigest(position.digest, payload),
  };
  const headers = {
    [HEADERS.append]: `${nonce}:${next.messages}`,
    [HEADERS.attempt]: String(next.attempt),
    [HEADERS.number]: String(next.messages),
    [HEADERS.digest]: next.digest,
    ...deliveryHeader(events),
  };
  return { payload, headers, next };
}

/** For those who read headers only. */
function deliveryHeader(events: readonly RolloutEvent[]): BusHeaders {
  const told = events.flatMap(({ kind }) => (kind.case === "gradeAnswered" ? [kind.value.delivered] : []));
  return told.length === 0 ? {} : { [HEADERS.delivered]: String(told.includes(true)) };
}

/** Decodes a stored message; one without the append header is void to every reader. Throws `log_corrupt`, `other_version`. */
export function decodeLogMessage(message: StoredMessage): LogMessage {
  const { sequence, payload, headers } = message;
  const place = {
    sequence,
    payload,
    headers,
    attempt: Number(headers[HEADERS.attempt] ?? -1),
    number: Number(headers[HEADERS.number] ?? 0),
    digest: headers[HEADERS.digest] ?? "",
  };
  if (headers[HEADERS.append] === undefined) return { ...place, events: null };
  return { ...place, events: decodeEvents(payload, sequence) };
}

function decodeEvents(payload: Uint8Array, sequence: number): readonly RolloutEvent[] {
  try {
    const batch = fromBinary(EventBatchSchema, payload);
    if (batch.schemaVersion === EVENT_SCHEMA_VERSION) return batch.events;
    if (batch.schemaVersion < EVENT_SCHEMA_VERSION) throw new Error("an event log has a schema version");
  } catch (cause) {
    throw new RollyardError("log_corrupt", { details: { sequence }, cause });
  }
  throw new RollyardError("other_version", {
    message: "The event log was written by a newer version of Rollyard; read it with that version.",
    details: { sequence },
  });
}
