import { clone, create, toBinary } from "@bufbuild/protobuf";
import { putBlob } from "../bus/blobs.ts";
import type { LogStore } from "../bus/port.ts";
import { storeText } from "../bus/text.ts";
import { EventSchema, StoredTokensSchema, TokenRecordSchema } from "../gen/rollyard/v1/events_pb.ts";
import type { StoredTokens, TokenRecord } from "../gen/rollyard/v1/events_pb.ts";
import { tokenBytes } from "./event-bytes.ts";
import { eventTexts } from "./event-texts.ts";
import type { RolloutEvent } from "./events.ts";

/** Payload parts above this many bytes are stored as blobs. */
const INLINE_BYTES = 64 * 1024;
/** Texts that the events of one message carry together: half of what the bus takes, the rest is for all else. */
const SHARED_BYTES = 1024 * 1024;

/**
 * The events of one message with their large parts moved into blobs, which are acknowledged when this resolves. In a
 * crowd of events, such as the calls of a turn that asks for hundreds, less counts as large. Events without large
 * parts are returned as they are. Rejects with `stream_full` or `bus_unavailable`.
 */
export async function storeLargeTexts(
  store: LogStore,
  jobUid: string,
  events: readonly RolloutEvent[],
): Promise<readonly RolloutEvent[]> {
  const inlineBytes = Math.min(INLINE_BYTES, Math.floor(SHARED_BYTES / events.length));
  const isLarge = (event: RolloutEvent): boolean => hasLargeText(event, inlineBytes) || hasLargeTokens(event);
  if (!events.some(isLarge)) return events;
  return Promise.all(
    events.map(async (event) => (isLarge(event) ? moved({ store, jobUid, inlineBytes }, event) : event)),
  );
}

function hasLargeText(event: RolloutEvent, inlineBytes: number): boolean {
  // A UTF-16 unit takes at most three bytes: cheaper than encoding every text to find out.
  return eventTexts(event).some(
    (text) => text.place.case === "inline" && text.place.value.length * 3 > inlineBytes,
  );
}

function hasLargeTokens(event: RolloutEvent): boolean {
  return tokenBytes(event) > INLINE_BYTES;
}

async function moved(
  to: { readonly store: LogStore; readonly jobUid: string; readonly inlineBytes: number },
  event: RolloutEvent,
): Promise<RolloutEvent> {
  const { store, jobUid, inlineBytes } = to;
  // The caller's event stays inline: the driver's own state is made from it.
  const copy = clone(EventSchema, event);
  for (const text of eventTexts(copy)) {
    if (text.place.case !== "inline") continue;
    text.place = (await storeText(store, jobUid, text.place.value, inlineBytes)).place;
  }
  if (copy.kind.case !== "turnSampled" || !hasLargeTokens(copy)) return copy;
  const { tokens } = copy.kind.value;
  if (tokens?.place.case === "inline")
    copy.kind.value.tokens = await blobOf(store, jobUid, tokens.place.value);
  return copy;
}

async function blobOf(store: LogStore, jobUid: string, tokens: TokenRecord): Promise<StoredTokens> {
  const blob = await putBlob(store, jobUid, toBinary(TokenRecordSchema, tokens));
  return create(StoredTokensSchema, { place: { case: "blob", value: blob } });
}
