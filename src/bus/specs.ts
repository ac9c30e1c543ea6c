import { createHash } from "node:crypto";

import { fromBinary, toBinary } from "@bufbuild/protobuf";

import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { BlobRefSchema } from "../gen/rollyard/v1/events_pb.ts";
import { canonicalJson } from "../lib/canonical-json.ts";
import type { JsonValue } from "../lib/json.ts";
import { CHUNK_BYTES, getBlob, putBlob } from "./blobs.ts";
import { HEADERS } from "./port.ts";
import type { BusHeaders, LogStore, OutgoingMessage, StoredMessage } from "./port.ts";
import { MAX_TRIES, storeOnce } from "./store-once.ts";
import { specSubject } from "./subjects.ts";

/**
 * Stores a snapshot of a job and its environment under the SHA-256 (64 hex digits) of its canonical JSON, which is
 * returned; storing it again is free of effect. One over 512 KiB goes to the job's blobs, and leaves with the job: of
 * namesakes with the same snapshot it belongs to the one that stored it last, for an earlier one's blobs are swept.
 * Rejects with `stream_full`, `bus_unavailable`, `bus_forbidden`.
 */
export async function putSpec(store: LogStore, jobUid: string, spec: JsonValue): Promise<string> {
  const bytes = new TextEncoder().encode(canonicalJson(spec));
  const hash = sha256(bytes);
  if (bytes.length <= CHUNK_BYTES) {
    await storeOnce(store, { subject: specSubject(hash), payload: bytes });
    return hash;
  }
  const payload = toBinary(BlobRefSchema, await putBlob(store, jobUid, bytes));
  const reference = { subject: specSubject(hash), payload, headers: { [HEADERS.blobOf]: jobUid } };
  if ((await storeOnce(store, reference)) === "present") await takeOver(store, reference);
  return hash;
}

/** Puts a reference in the place of another owner's. */
async function takeOver(
  store: LogStore,
  reference: OutgoingMessage & { readonly headers: BusHeaders },
): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const there = await store.readLast("specs", reference.subject, { fromLeader: true });
    if (there?.headers[HEADERS.blobOf] === reference.headers[HEADERS.blobOf]) return;
    const { kind } = await store.publish({ ...reference, expectedLastSequence: there?.sequence ?? 0 });
    if (kind === "stored") return;
    if (kind === "full") throw new RollyardError("stream_full");
  }
  throw new RollyardError("bus_unavailable");
}

/**
 * Reads a snapshot and checks it against its hash.
 * Rejects with `log_corrupt` when it is gone or not what its hash says, `bus_unavailable`.
 */
export async function getSpec(store: LogStore, hash: string): Promise<JsonValue> {
  if (!/^[0-9a-f]{64}$/u.test(hash)) throw damaged(hash);
  const bytes = (await tryGet(store, hash, false)) ?? (await tryGet(store, hash, true));
  if (bytes === null) throw damaged(hash);
  return JSON.parse(new TextDecoder().decode(bytes)) as JsonValue;
}

/** Null where it is not there whole: a replica that lags may lack it, or name the blobs of an owner that is gone. */
async function tryGet(store: LogStore, hash: string, fromLeader: boolean): Promise<Uint8Array | null> {
  const message = await store.readLast("specs", specSubject(hash), { fromLeader });
  if (message === null) return null;
  try {
    const bytes = await contentOf(store, message);
    return sha256(bytes) === hash ? bytes : null;
  } catch (error) {
    if (toRollyardError(error).code !== "log_corrupt") throw error;
    return null;
  }
}

async function contentOf(store: LogStore, message: StoredMessage): Promise<Uint8Array> {
  const jobUid = message.headers[HEADERS.blobOf];
  if (jobUid === undefined) return message.payload;
  return getBlob(store, jobUid, fromBinary(BlobRefSchema, message.payload));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function damaged(hash: string): RollyardError {
  return new RollyardError("log_corrupt", {
    message: "A stored snapshot is missing or does not match its hash.",
    details: { spec_hash: hash.slice(0, 64) },
  });
}
