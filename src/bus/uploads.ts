import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { z } from "zod";
import { RollyardError } from "../errors/rollyard-error.ts";
import { BlobRefSchema } from "../gen/rollyard/v1/events_pb.ts";
import { CHUNK_BYTES, getBlob, putBlob } from "./blobs.ts";
import type { LogStore } from "./port.ts";
import { storeOnce } from "./store-once.ts";
import { uploadSubject } from "./subjects.ts";

/** What is uploaded, for whom, and how much of it at most. */
export interface UploadTarget {
  readonly jobUid: string;
  /** 64 hex digits. */
  readonly sha256: string;
  readonly maxBytes: number;
}

/** An upload as it was stored: pieces, each a blob of the job, in order. */
export interface StoredUpload {
  readonly sizeBytes: number;
  /** SHA-256 of each piece. */
  readonly pieces: readonly { readonly sha256: string; readonly sizeBytes: number }[];
}

const storedUploadSchema = z.strictObject({
  sizeBytes: z.int().min(0),
  pieces: z.array(z.strictObject({ sha256: z.string(), sizeBytes: z.int().min(0) })),
});

/**
 * Stores bytes as they come, in the memory of one piece, and at the end, when they are what their SHA-256 says, that they are
 * there. Until then nobody sees anything; a repeated upload stores no piece twice, and one of other bytes spoils nothing.
 * Rejects with `request_too_large`, `dataset_invalid` for other bytes, `stream_full`, `bus_unavailable`, and as the bytes do.
 */
export async function storeUpload(
  store: LogStore,
  { jobUid, sha256, maxBytes }: UploadTarget,
  bytes: AsyncIterable<Uint8Array>,
): Promise<StoredUpload> {
  const digest = createHash("sha256");
  const pieces: { sha256: string; sizeBytes: number }[] = [];
  let sizeBytes = 0;
  for await (const piece of inPieces(bytes, maxBytes)) {
    digest.update(piece);
    sizeBytes += piece.length;
    const { sha256: name } = await putBlob(store, jobUid, piece);
    pieces.push({ sha256: name, sizeBytes: piece.length });
  }
  const found = digest.digest("hex");
  if (found !== sha256) throw otherBytes(found, sha256);
  const upload = { sizeBytes, pieces };
  await storeOnce(store, {
    subject: uploadSubject(jobUid, sha256),
    payload: new TextEncoder().encode(JSON.stringify(upload)),
  });
  return upload;
}

/** What is there of an upload; null until it is complete. Rejects with `bus_unavailable`, `log_corrupt`. */
export async function findUpload(
  store: LogStore,
  { jobUid, sha256 }: Pick<UploadTarget, "jobUid" | "sha256">,
): Promise<StoredUpload | null> {
  const message = await store.readLast("blobs", uploadSubject(jobUid, sha256), { fromLeader: true });
  if (message === null) return null;
  const parsed = storedUploadSchema.safeParse(JSON.parse(new TextDecoder().decode(message.payload)));
  if (parsed.success) return parsed.data;
  throw new RollyardError("log_corrupt", {
    message: "An upload was stored by another version of Rollyard; upload it again.",
  });
}

/** The bytes of an upload, piece by piece, each checked. Rejects with `log_corrupt`, `bus_unavailable`. */
export async function* readUpload(
  store: LogStore,
  jobUid: string,
  { pieces }: StoredUpload,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const { sha256, sizeBytes } of pieces) {
    yield await getBlob(
      store,
      jobUid,
      create(BlobRefSchema, { sha256, sizeBytes: BigInt(sizeBytes), chunks: 1 }),
    );
  }
}

/** Cuts bytes into pieces of a chunk's size; the last may be smaller. */
async function* inPieces(
  bytes: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const piece = Buffer.allocUnsafe(CHUNK_BYTES);
  let [filled, total] = [0, 0];
  for await (const chunk of bytes) {
    total += chunk.length;
    if (total > maxBytes) throw tooLarge(maxBytes);
    for (let from = 0; from < chunk.length;) {
      const part = chunk.subarray(from, from + CHUNK_BYTES - filled);
      piece.set(part, filled);
      filled += part.length;
      from += part.length;
      if (filled < CHUNK_BYTES) continue;
      yield Uint8Array.from(piece);
      filled = 0;
    }
  }
  if (filled > 0) yield Uint8Array.from(piece.subarray(0, filled));
}

function tooLarge(maxBytes: number): RollyardError {
  const limit = Math.floor(maxBytes / (1024 * 1024));
  return new RollyardError("request_too_large", {
    message: `The rows are larger than the ${limit} MiB that this gateway takes: raise its limits.datasetMiB, or name them by dataset.url.`,
  });
}

function otherBytes(found: string, wanted: string): RollyardError {
  return new RollyardError("dataset_invalid", {
    message: `These are other rows than the job names: their SHA-256 is ${found}, and spec.dataset.blob.sha256 is ${wanted}. Upload the file that the job was made from, or make another job.`,
  });
}
