import { create } from "@bufbuild/protobuf";
import { getBlob, putBlob } from "../../bus/blobs.ts";
import type { LogStore } from "../../bus/port.ts";
import { BlobRefSchema } from "../../gen/rollyard/v1/events_pb.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { JobRecord } from "../../job/job-record.ts";

const LINE_FEED = 10;
const ROWS_A_PIECE = 1000;

/** Stores a job's rows as they are at its start: whatever they were read from may change. */
export async function storeRows(
  store: LogStore,
  jobUid: string,
  rows: readonly JsonObject[],
): Promise<JobRecord["rows"]> {
  const { sha256, sizeBytes, chunks } = await putBlob(store, jobUid, bytesOf(rows));
  return { sha256, sizeBytes: Number(sizeBytes), chunks };
}

/** Reads them back. Rejects with `bus_unavailable`, or `log_corrupt` when they are gone or not what was stored. */
export async function loadRows(
  store: LogStore,
  jobUid: string,
  { sha256, sizeBytes, chunks }: JobRecord["rows"],
): Promise<readonly JsonObject[]> {
  const ref = create(BlobRefSchema, { sha256, sizeBytes: BigInt(sizeBytes), chunks });
  return rowsOf(Buffer.from(await getBlob(store, jobUid, ref)));
}

/** Piece by piece: one text of all rows would be as large as they are, beside them. */
function bytesOf(rows: readonly JsonObject[]): Uint8Array {
  const pieces: Buffer[] = [];
  for (let from = 0; from < rows.length; from += ROWS_A_PIECE) {
    const lines = rows.slice(from, from + ROWS_A_PIECE).map((row) => `${JSON.stringify(row)}\n`);
    pieces.push(Buffer.from(lines.join("")));
  }
  return Buffer.concat(pieces);
}

/** Row by row: a list of a million lines would be as large as the rows. */
function rowsOf(bytes: Buffer): readonly JsonObject[] {
  const rows: JsonObject[] = [];
  let from = 0;
  for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, from)) {
    rows.push(JSON.parse(bytes.toString("utf8", from, end)) as JsonObject);
    from = end + 1;
  }
  return rows;
}
