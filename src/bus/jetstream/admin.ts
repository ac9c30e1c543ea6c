import type { StoredHeaders, StoredMessage } from "../port.ts";
import { STREAMS } from "../streams.ts";
import type { StreamName } from "../streams.ts";
import { callApiOrThrow } from "./api.ts";
import type { BusConnection } from "./connection.ts";
import { follow, replay } from "./stream-order.ts";

/** What STREAM.INFO answers, as far as it is used. */
interface StreamInfo {
  readonly config: { readonly max_bytes: number };
  readonly state: {
    readonly bytes: number;
    readonly last_seq: number;
    readonly subjects?: Readonly<Record<string, number>>;
  };
  /** Subjects under the filter, when one was given. */
  readonly total?: number;
}

/** How full a stream is. */
export interface StreamState {
  readonly usedBytes: number;
  readonly maxBytes: number;
  readonly lastSequence: number;
}

/** Every subject under a filter with its number of messages, page by page (100,000 a page). */
export async function listSubjects(
  connection: BusConnection,
  stream: StreamName,
  filter: string,
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (let offset = 0; ;) {
    const info = await streamInfo(connection, stream, { subjects_filter: filter, offset });
    const page = Object.entries(info.state.subjects ?? {});
    for (const [subject, count] of page) found.set(subject, count);
    offset += page.length;
    if (page.length === 0 || offset >= (info.total ?? 0)) return found;
  }
}

/** Bytes used and reserved of a stream, and its last sequence. */
export async function readStreamState(connection: BusConnection, stream: StreamName): Promise<StreamState> {
  const { config, state } = await streamInfo(connection, stream, {});
  return { usedBytes: state.bytes, maxBytes: config.max_bytes, lastSequence: state.last_seq };
}

/** Removes every message under a filter. */
export async function purgeSubjects(
  connection: BusConnection,
  stream: StreamName,
  filter: string,
): Promise<void> {
  await callApiOrThrow(connection, `STREAM.PURGE.${STREAMS[stream]}`, { filter });
}

/** Headers of all messages under a filter that are there now. */
export async function* replayHeaders(
  connection: BusConnection,
  from: { readonly stream: StreamName; readonly filter: string; readonly fromSequence: number },
): AsyncGenerator<StoredHeaders, void, undefined> {
  const { lastSequence } = await readStreamState(connection, from.stream);
  if (lastSequence >= from.fromSequence)
    yield* replay(connection, { ...from, headersOnly: true }, lastSequence);
}

/** Messages under a filter, those there and those to come. */
export function followStream(
  connection: BusConnection,
  from: { readonly stream: StreamName; readonly filter: string; readonly fromSequence: number },
  signal: AbortSignal,
): AsyncGenerator<StoredMessage, void, undefined> {
  return follow(connection, { ...from, headersOnly: false }, signal);
}

function streamInfo(connection: BusConnection, stream: StreamName, query: object): Promise<StreamInfo> {
  return callApiOrThrow<StreamInfo>(connection, `STREAM.INFO.${STREAMS[stream]}`, query);
}
