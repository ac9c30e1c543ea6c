import type { LogStore, Messenger } from "../bus/port.ts";
import { uploadedSubject } from "../bus/subjects.ts";
import { findUpload, readUpload, storeUpload } from "../bus/uploads.ts";
import type { StoredUpload } from "../bus/uploads.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { FoundJob } from "./find-job.ts";

/** What storing rows needs. */
export interface UploadDeps {
  readonly store: LogStore & Pick<Messenger, "broadcast">;
  /** Most bytes of one dataset. */
  readonly maxBytes: number;
}

/** Rows that are there. */
export interface UploadedRows {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/**
 * Stores a job's rows. What is there already is not read again. Rejects with `bad_input` for a job whose rows are not uploaded,
 * and as {@link storeUpload} does.
 */
export async function uploadRows(
  deps: UploadDeps,
  job: FoundJob,
  bytes: AsyncIterable<Uint8Array>,
): Promise<UploadedRows> {
  const { sha256, upload } = await wantedUpload(deps, job);
  const { sizeBytes } = upload ?? (await stored(deps, { job, sha256 }, bytes));
  return { sha256, sizeBytes };
}

/** The same with the rows of another job of the namespace. Rejects with `dataset_not_found` when it has no such rows. */
export async function copyRows(deps: UploadDeps, from: FoundJob, to: FoundJob): Promise<UploadedRows> {
  const { sha256, upload } = await wantedUpload(deps, to);
  if (upload !== null) return { sha256, sizeBytes: upload.sizeBytes };
  const source = await findUpload(deps.store, { jobUid: from.jobUid, sha256 });
  if (source === null) {
    throw new RollyardError("dataset_not_found", {
      message: `The job "${from.name}" has no uploaded rows with the SHA-256 that "${to.name}" names.`,
    });
  }
  const { sizeBytes } = await stored(deps, { job: to, sha256 }, readUpload(deps.store, from.jobUid, source));
  return { sha256, sizeBytes };
}

async function wantedUpload(
  { store }: UploadDeps,
  { name, spec, jobUid }: FoundJob,
): Promise<{ readonly sha256: string; readonly upload: StoredUpload | null }> {
  const sha256 = spec?.dataset.blob?.sha256;
  if (sha256 === undefined) {
    throw new RollyardError("bad_input", {
      message: `The job "${name}" does not take uploaded rows: only one with spec.dataset.blob does.`,
    });
  }
  return { sha256, upload: await findUpload(store, { jobUid, sha256 }) };
}

async function stored(
  { store, maxBytes }: UploadDeps,
  { job, sha256 }: { readonly job: FoundJob; readonly sha256: string },
  bytes: AsyncIterable<Uint8Array>,
): Promise<StoredUpload> {
  const upload = await storeUpload(store, { jobUid: job.jobUid, sha256, maxBytes }, bytes);
  store.broadcast(uploadedSubject(job), new Uint8Array());
  return upload;
}
