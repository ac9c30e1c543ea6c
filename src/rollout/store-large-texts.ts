import { clone, create, toBinary } from "@bufbuild/protobuf";
import { putBlob } from "../bus/blobs.ts";
import type { LogStore } from "../bus/port.ts";
import { storeText } from "../bus/text.ts";
import { EventSchema, StoredTokensSchema, TokenRecordSchema } from "../gen/rollyard/v1/events_pb.ts";
import type { StoredTokens, TokenRecord } from "../gen/rollyard/v1/events_pb.ts";
import { eventTexts } from "./event-texts.ts";
import type { RolloutEvent } from "./events.ts";

/** Payload parts above this many bytes are stored as blobs. */
const INLINE_BYTES = 64 * 1024;
const BYTES_PER_TOKEN = 18;

/**
 * The events with their large parts moved into blobs, which are acknowledged when this resolves.
 * Events without large parts are returned as they are. Rejects with `stream_full` or `bus_unavailable`.
 */
export async function storeLargeTexts(
  store: LogStore,
  jobUid: string,
  events: readonly RolloutEvent[],
): Promise<readonly RolloutEvent[]> {
  if (!events.some(isLarge)) return events;
  return Promise.all(events.map(async (event) => (isLarge(event) ? moved(store, jobUid, event) : event)));
}

function isLarge(event: RolloutEvent): boolean {
  // A UTF-16 unit takes at most three bytes: cheaper than encoding every text to find out.
  const hasLargeText = eventTexts(event).some(
    (text) => text.place.case === "inline" && text.place.value.length * 3 > INLINE_BYTES,
  );
  return hasLargeText || largeTokens(event) !== null;
}

function largeTokens(event: RolloutEvent): TokenRecord | null {
  const place = event.kind.case === "turnSampled" ? event.kind.value.tokens?.place : undefined;
  if (place?.case !== "inline") return null;
  const count = place.value.promptTokenIds.length + place.value.tokenIds.length;
  return count * BYTES_PER_TOKEN > INLINE_BYTES ? place.value : null;
}

async function moved(store: LogStore, jobUid: string, event: RolloutEvent): Promise<RolloutEvent> {
  // The caller's event stays inline: the driver's own state is made from it.
  const copy = clone(EventSchema, event);
  for (const text of eventTexts(copy)) {
    if (text.place.case !== "inline") continue;
    text.place = (await storeText(store, jobUid, text.place.value)).place;
  }
  const tokens = largeTokens(copy);
  if (tokens !== null && copy.kind.case === "turnSampled") {
    copy.kind.value.tokens = await blobOf(store, jobUid, tokens);
  }
  return copy;
}

async function blobOf(store: LogStore, jobUid: string, tokens: TokenRecord): Promise<StoredTokens> {
  const blob = await putBlob(store, jobUid, toBinary(TokenRecordSchema, tokens));
  return create(StoredTokensSchema, { place: { case: "blob", value: blob } });
}
