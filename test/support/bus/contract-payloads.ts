import { createHash, randomBytes } from "node:crypto";

import { describe, expect, test } from "vitest";

import { CHUNK_BYTES, getBlob, putBlob } from "../../../src/bus/blobs.ts";
import { getSpec, putSpec } from "../../../src/bus/specs.ts";
import { blobSubject, blobsFilter } from "../../../src/bus/subjects.ts";
import { findUpload, readUpload, storeUpload } from "../../../src/bus/uploads.ts";
import { INLINE_TEXT_BYTES, loadText, storeText } from "../../../src/bus/text.ts";
import { freshJob } from "./contract-context.ts";
import type { ContractContext } from "./contract-context.ts";

const corrupt = expect.objectContaining({ code: "log_corrupt" });

/** Payloads that are too large for a message, and snapshots. */
export function describePayloads({ bus }: ContractContext): void {
  describe("payloads", () => {
    test.each([0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES + 17])(
      "a blob of %i bytes comes back",
      async (size) => {
        const { jobUid } = freshJob();
        const bytes = new Uint8Array(randomBytes(size));
        const ref = await putBlob(bus(), jobUid, bytes);
        expect(ref.chunks).toBe(Math.max(1, Math.ceil(size / CHUNK_BYTES)));
        expect(Buffer.compare(await getBlob(bus(), jobUid, ref), bytes)).toBe(0);
        expect(await putBlob(bus(), jobUid, bytes)).toEqual(ref);
        expect(await bus().subjects("blobs", `rollyard.blobs.${jobUid}.>`)).toHaveLength(ref.chunks);
      },
    );

    test("a blob that is gone, or not what its digest says, is log_corrupt", async () => {
      const { jobUid } = freshJob();
      const ref = await putBlob(bus(), jobUid, new Uint8Array(CHUNK_BYTES + 5).fill(3));
      await expect(getBlob(bus(), freshJob().jobUid, ref)).rejects.toEqual(corrupt);
      await bus().publish({ subject: blobSubject(jobUid, ref.sha256, 1), payload: new Uint8Array(5) });
      // A replica that lags still has the right chunk, and may answer with it until it has caught up.
      const read = (): Promise<unknown> => getBlob(bus(), jobUid, ref).catch((error: unknown) => error);
      await expect.poll(read, { timeout: 10_000 }).toEqual(corrupt);
    });

    test("an upload is seen when all of it is there, comes back, and is stored once however often it is sent", async () => {
      const { jobUid } = freshJob();
      const bytes = new Uint8Array(randomBytes(3 * CHUNK_BYTES + 17));
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const target = { jobUid, sha256, maxBytes: bytes.length };
      const torn = storeUpload(bus(), target, inParts(bytes.subarray(0, 2 * CHUNK_BYTES + 5)));
      await expect(torn).rejects.toMatchObject({ code: "dataset_invalid" });
      expect(await findUpload(bus(), target)).toBeNull();
      await storeUpload(bus(), target, inParts(bytes));
      const before = await bus().subjects("blobs", `rollyard.blobs.${jobUid}.>`);
      await storeUpload(bus(), target, inParts(bytes));
      expect(await bus().subjects("blobs", `rollyard.blobs.${jobUid}.>`)).toEqual(before);
      const upload = await findUpload(bus(), target);
      expect(upload).toMatchObject({ sizeBytes: bytes.length, pieces: { length: 4 } });
      const parts: Uint8Array[] = [];
      if (upload !== null) for await (const part of readUpload(bus(), jobUid, upload)) parts.push(part);
      expect(Buffer.compare(Buffer.concat(parts), bytes)).toBe(0);
    });

    test("an upload is given up as soon as it is larger than it may be", async () => {
      const { jobUid } = freshJob();
      let taken = 0;
      async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
        for (;;) {
          taken += CHUNK_BYTES;
          yield new Uint8Array(CHUNK_BYTES);
        }
      }
      const target = { jobUid, sha256: "0".repeat(64), maxBytes: 2 * CHUNK_BYTES };
      await expect(storeUpload(bus(), target, endless())).rejects.toMatchObject({
        code: "request_too_large",
      });
      expect(taken).toBe(3 * CHUNK_BYTES);
    });

    test("a short text travels inline, a long one as a blob, and both come back", async () => {
      const { jobUid } = freshJob();
      const texts = ["", "short", "é".repeat(INLINE_TEXT_BYTES / 2), `${"é".repeat(INLINE_TEXT_BYTES / 2)}x`];
      const stored = await Promise.all(texts.map((text) => storeText(bus(), jobUid, text)));
      expect(stored.map(({ place }) => place.case)).toEqual(["inline", "inline", "inline", "blob"]);
      expect(await Promise.all(stored.map((text) => loadText(bus(), jobUid, text)))).toEqual(texts);
      expect(await loadText(bus(), jobUid, undefined)).toBe("");
    });

    test("a snapshot is found by its hash, whatever the order of its keys and however large", async () => {
      const { jobUid } = freshJob();
      const hash = await putSpec(bus(), jobUid, { b: [1, jobUid], a: null });
      expect(await putSpec(bus(), jobUid, { a: null, b: [1, jobUid] })).toBe(hash);
      expect(await getSpec(bus(), hash)).toEqual({ a: null, b: [1, jobUid] });
      const large = { rows: "y".repeat(2 * CHUNK_BYTES), jobUid };
      expect(await getSpec(bus(), await putSpec(bus(), jobUid, large))).toEqual(large);
      await expect(getSpec(bus(), "0".repeat(64))).rejects.toEqual(corrupt);
    });

    test("a large snapshot stays when the blobs of an earlier job with the same one leave", async () => {
      const [first, second] = [freshJob(), freshJob()];
      const large = { rows: "y".repeat(CHUNK_BYTES), jobUid: first.jobUid };
      const hash = await putSpec(bus(), first.jobUid, large);
      expect(await putSpec(bus(), second.jobUid, large)).toBe(hash);
      await bus().purge("blobs", blobsFilter(first.jobUid));
      expect(await getSpec(bus(), hash)).toEqual(large);
    });
  });
}

/** As a connection brings them: cut anywhere. */
async function* inParts(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let from = 0; from < bytes.length; from += 100_003) yield bytes.subarray(from, from + 100_003);
}
