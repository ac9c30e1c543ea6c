import { create } from "@bufbuild/protobuf";
import { getBlob, putBlob } from "../../bus/blobs.ts";
import type { LogStore } from "../../bus/port.ts";
import { BlobRefSchema } from "../../gen/rollyard/v1/events_pb.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { JobRecord } from "../../job/job-record.ts";

/** Stores a job's rows as they are at its start: whatever they were read from may change. */
export async function storeRows(
  store: LogStore,
  jobUid: string,
  rows: readonly JsonObject[],
): Promise<JobRecord["rows"]> {
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const { sha256, sizeBytes, chunks } = await putBlob(store, jobUid, new TextEncoder().encode(text));
  return { sha256, sizeBytes: Number(sizeBytes), chunks };
}

/** Reads them back. Rejects with `bus_unavailable`, or `log_corrupt` when they are gone or not what was stored. */
export async function loadRows(
  store: LogStore,
  jobUid: string,
  { sha256, sizeBytes, chunks }: JobRecord["rows"],
): Promise<readonly JsonObject[]> {
  const ref = create(BlobRefSchema, { sha256, sizeBytes: BigInt(sizeBytes), chunks });
  const text = new TextDecoder().decode(await getBlob(store, jobUid, ref));
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as JsonObject);
}
