import { create } from "@bufbuild/protobuf";

import { TextSchema } from "../gen/rollyard/v1/events_pb.ts";
import type { Text } from "../gen/rollyard/v1/events_pb.ts";
import { getBlob, putBlob } from "./blobs.ts";
import type { LogStore } from "./port.ts";

/** Longest text, in bytes of UTF-8, that a message carries itself. */
export const INLINE_TEXT_BYTES = 64 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A text as messages carry it; one above `inlineBytes` is stored as a blob first, and acknowledged when this resolves.
 * Rejects with `stream_full`, `bus_unavailable`.
 */
export async function storeText(
  store: LogStore,
  jobUid: string,
  text: string,
  inlineBytes = INLINE_TEXT_BYTES,
): Promise<Text> {
  // A UTF-16 unit takes at most three bytes, so a short text need not be encoded to be measured.
  if (text.length * 3 <= inlineBytes) return inline(text);
  const bytes = encoder.encode(text);
  if (bytes.length <= inlineBytes) return inline(text);
  return create(TextSchema, { place: { case: "blob", value: await putBlob(store, jobUid, bytes) } });
}

/** The text again; an absent one is empty. Rejects with `log_corrupt`, `bus_unavailable`. */
export async function loadText(store: LogStore, jobUid: string, text: Text | undefined): Promise<string> {
  const place = text?.place;
  if (place?.case === "inline") return place.value;
  if (place?.case === "blob") return decoder.decode(await getBlob(store, jobUid, place.value));
  return "";
}

function inline(value: string): Text {
  return create(TextSchema, { place: { case: "inline", value } });
}
