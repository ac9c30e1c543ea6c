import { createHash } from "node:crypto";

import { fromBinary, toBinary } from "@bufbuild/protobuf";

import { RollyardError } from "../errors/rollyard-error.ts";
import { BlobRefSchema } from "../gen/rollyard/v1/events_pb.ts";
import { canonicalJson } from "../lib/canonical-json.ts";
import type { JsonValue } from "../lib/json.ts";
import { CHUNK_BYTES, getBlob, putBlob } from "./blobs.ts";
import { HEADERS } from "./port.ts";
import type { LogStore, StoredMessage } from "./port.ts";
import { storeOnce } from "./store-once.ts";
import { specSubject } from "./subjects.ts";

/**
 * Stores a snapshot of a job and its environment under the SHA-256 (64 hex digits) of its canonical JSON, which is
 * returned; storing it again is free of effect. One over 512 KiB goes to the job's blobs, and leaves with the job.
 * Rejects with `stream_full`, `bus_unavailable`.
 */
export async function putSpec(store: LogStore, jobUid: string, spec: JsonValue): Promise<string> {
  const bytes = new TextEncoder().encode(canonicalJson(spec));
  const hash = sha256(bytes);
  if (bytes.length <= CHUNK_BYTES) {
    await storeOnce(store, { subject: specSubject(hash), payload: bytes });
    return hash;
  }
  const payload = toBinary(BlobRefSchema, await putBlob(store, jobUid, bytes));
  await storeOnce(store, { subject: specSubject(hash), payload, headers: { [HEADERS.blobOf]: jobUid } });
  return hash;
}

/**
 * Reads a snapshot and checks it against its hash.
 * Rejects with `log_corrupt` when it is gone or not what its hash says, `bus_unavailable`.
 */
export async function getSpec(store: LogStore, hash: string): Promise<JsonValue> {
  if (!/^[0-9a-f]{64}$/u.test(hash)) throw damaged(hash);
  const message =
    (await store.readLast("specs", specSubject(hash))) ??
    (await store.readLast("specs", specSubject(hash), { fromLeader: true }));
  if (message === null) throw damaged(hash);
  const bytes = await contentOf(store, message);
  if (sha256(bytes) !== hash) throw damaged(hash);
  return JSON.parse(new TextDecoder().decode(bytes)) as JsonValue;
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
