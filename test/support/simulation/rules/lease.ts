import { fromBinary } from "@bufbuild/protobuf";
import type { StoredMessage } from "../../../../src/bus/port.ts";
import { LeaseRecordSchema } from "../../../../src/gen/rollyard/v1/requests_pb.ts";

/** What LEASES says of each sandbox. */
export type LeaseBook = Map<string, { readonly holder: string; readonly state: string }>;

/**
 * A sandbox is leased once in its life, then retired by a write of its own. The record goes when the sandbox has gone and
 * no lease of it can come any more; whoever retires it after that harms nobody.
 */
export function judgeLease(book: LeaseBook, message: StoredMessage): readonly string[] {
  const uid = message.subject.split(".").at(-1) ?? "";
  const { state, ref } = fromBinary(LeaseRecordSchema, message.payload);
  const holder = `${ref?.itemIndex}-${ref?.sampleIndex}/${ref?.attempt}`;
  const known = book.get(uid);
  book.set(uid, { holder, state });
  if (known === undefined) return [];
  if (state === "retired") return [];
  return [`sandbox ${uid} was ${known.state} by ${known.holder}, then ${state} by ${holder}`];
}
