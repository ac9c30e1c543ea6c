import { createHash } from "node:crypto";

import { create } from "@bufbuild/protobuf";

import { RollyardError } from "../errors/rollyard-error.ts";
import { BlobRefSchema } from "../gen/rollyard/v1/events_pb.ts";
import type { BlobRef } from "../gen/rollyard/v1/events_pb.ts";
import type { LogStore } from "./port.ts";
import { storeOnce } from "./store-once.ts";
import { blobSubject } from "./subjects.ts";

/** Largest chunk: well below the server's 1 MiB default payload, headers included. */
export const CHUNK_BYTES = 512 * 1024;
/** Chunks under way at once. */
const WINDOW = 8;

/**
 * Stores bytes under their own digest and resolves when all of them are acknowledged; storing the same again is
 * free of effect. Rejects with `stream_full`, `bus_unavailable`.
 */
export async function putBlob(store: LogStore, jobUid: string, bytes: Uint8Array): Promise<BlobRef> {
  const sha256 = digestOf(bytes);
  const chunks = chunkCount(bytes.length);
  await inWindows(chunks, async (chunk) => {
    const payload = bytes.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES);
    await storeOnce(store, { subject: blobSubject(jobUid, sha256, chunk), payload });
  });
  return create(BlobRefSchema, { sha256, sizeBytes: BigInt(bytes.length), chunks });
}

/**
 * Reads a blob back and checks it. A replica may lag behind or be damaged, so what is missing or wrong is read once
 * more from the leader. Rejects with `log_corrupt` when it is gone or not what its digest says, `bus_unavailable`.
 */
export async function getBlob(store: LogStore, jobUid: string, ref: BlobRef): Promise<Uint8Array> {
  if (!/^[0-9a-f]{64}$/u.test(ref.sha256) || ref.chunks !== chunkCount(Number(ref.sizeBytes)))
    throw damaged(ref);
  const bytes =
    (await tryGet(store, jobUid, { ref, fromLeader: false })) ??
    (await tryGet(store, jobUid, { ref, fromLeader: true }));
  if (bytes === null) throw damaged(ref);
  return bytes;
}

async function tryGet(
  store: LogStore,
  jobUid: string,
  { ref, fromLeader }: { readonly ref: BlobRef; readonly fromLeader: boolean },
): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  await inWindows(ref.chunks, async (chunk) => {
    const message = await store.readLast("blobs", blobSubject(jobUid, ref.sha256, chunk), { fromLeader });
    if (message !== null) parts[chunk] = message.payload;
  });
  const bytes =
    parts.length === 1 ? (parts[0] ?? new Uint8Array()) : new Uint8Array(Buffer.concat(parts.flat()));
  return bytes.length === Number(ref.sizeBytes) && digestOf(bytes) === ref.sha256 ? bytes : null;
}

async function inWindows(count: number, run: (index: number) => Promise<void>): Promise<void> {
  for (let start = 0; start < count; start += WINDOW) {
    const indexes = Array.from({ length: Math.min(WINDOW, count - start) }, (_, offset) => start + offset);
    await Promise.all(indexes.map(run));
  }
}

/** An empty blob has one empty chunk, so that there is something to find. */
function chunkCount(sizeBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / CHUNK_BYTES));
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function damaged(ref: BlobRef): RollyardError {
  return new RollyardError("log_corrupt", {
    message: "A stored payload is missing or does not match its digest.",
    details: { sha256: ref.sha256.slice(0, 64), size_bytes: Number(ref.sizeBytes) },
  });
}
