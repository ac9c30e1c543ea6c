import { createHash } from "node:crypto";
import type { Bus } from "../../bus/port.ts";
import { blobSubject } from "../../bus/subjects.ts";

/**
 * In place of a job's uid in the subjects of blobs that were uploaded before the job that reads them was made. It belongs to
 * no job, and so is never purged with one.
 */
export function uploadsToken(namespace: string): string {
  return `uploads-${namespace}`;
}

/**
 * The bytes that were uploaded to a namespace under a SHA-256 (64 hex digits); null while they are not all there. Rejects
 * with `bus_unavailable`.
 */
export async function uploadedBlob(
  bus: Pick<Bus, "subjects" | "readLast">,
  namespace: string,
  sha256: string,
): Promise<Uint8Array | null> {
  const token = uploadsToken(namespace);
  const { size } = await bus.subjects("blobs", `rollyard.blobs.${token}.${sha256}.*`);
  const chunks: Uint8Array[] = [];
  for (let chunk = 0; chunk < size; chunk += 1) {
    const subject = blobSubject(token, sha256, chunk);
    const message = await bus.readLast("blobs", subject, { fromLeader: true });
    if (message === null) return null;
    chunks.push(message.payload);
  }
  const bytes = Buffer.concat(chunks);
  return createHash("sha256").update(bytes).digest("hex") === sha256 ? bytes : null;
}
