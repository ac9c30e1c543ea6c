import { createHash } from "node:crypto";
import { CHUNK_BYTES } from "../../bus/blobs.ts";
import type { Bus } from "../../bus/port.ts";
import { blobSubject } from "../../bus/subjects.ts";

/**
 * In place of a job's uid in the subjects of blobs that were uploaded before the job that reads them was made. It belongs to
 * no job, and so is never purged with one.
 */
export function uploadsToken(namespace: string): string {
  return `uploads-${namespace}`;
}

/** Which blob is wanted. */
export interface WantedBlob {
  readonly namespace: string;
  /** 64 hex digits. */
  readonly sha256: string;
  readonly maxMiB: number;
}

/** What was uploaded under a SHA-256. */
export type UploadedBlob =
  | { readonly kind: "found"; readonly bytes: Uint8Array }
  /** Nothing, or not all of it yet. */
  | { readonly kind: "missing" }
  /** Other bytes; `found` is their SHA-256. */
  | { readonly kind: "damaged"; readonly found: string }
  | { readonly kind: "too_large" };

const MIB = 1024 * 1024;

/** Reads the bytes that were uploaded to a namespace under a SHA-256. Rejects with `bus_unavailable`. */
export async function uploadedBlob(
  bus: Pick<Bus, "subjects" | "readLast">,
  { namespace, sha256, maxMiB }: WantedBlob,
): Promise<UploadedBlob> {
  const token = uploadsToken(namespace);
  const { size: count } = await bus.subjects("blobs", `rollyard.blobs.${token}.${sha256}.*`);
  if (count === 0) return { kind: "missing" };
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for (let chunk = 0; chunk < count; chunk += 1) {
    const subject = blobSubject(token, sha256, chunk);
    const message = await bus.readLast("blobs", subject, { fromLeader: true });
    if (message === null) return { kind: "missing" };
    chunks.push(message.payload);
    sizeBytes += message.payload.length;
    if (sizeBytes > maxMiB * MIB) return { kind: "too_large" };
  }
  const bytes = Buffer.concat(chunks);
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found === sha256) return { kind: "found", bytes };
  return isWhole(chunks) ? { kind: "damaged", found } : { kind: "missing" };
}

/** The last chunk is the short one; while only full ones are there, more may be on their way. */
function isWhole(chunks: readonly Uint8Array[]): boolean {
  return (chunks.at(-1)?.length ?? 0) < CHUNK_BYTES;
}
