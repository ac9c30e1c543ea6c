import { mkdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { RollyardError } from "../errors/rollyard-error.ts";
import { JsonlFile } from "../trajectory/jsonl-file.ts";
import { jsonText } from "../trajectory/json-text.ts";
import { readRecords } from "../trajectory/read-records.ts";
import { RecordFile } from "../trajectory/record-file.ts";
import { replaceFile } from "../trajectory/replace-file.ts";
import { isOpenAgain } from "./open-again.ts";
import { regradeRecordSchema } from "./regrade-record.ts";
import type { RegradeRecord } from "./regrade-record.ts";

/** Which grader a series is of. */
export interface SeriesGrader {
  readonly name: string;
  readonly type: string;
  /** SHA-256 (hex) of all that decides its rewards. */
  readonly sha256: string;
}

const noteSchema = z.object({
  series: z.string(),
  grader: z.object({ name: z.string(), type: z.string(), sha256: z.string() }),
});

/** A run folder's rewards by another grader: regrades/<series>.jsonl, and beside it which grader that is. */
export class SeriesFile {
  readonly path: string;
  readonly #file: RecordFile<RegradeRecord>;

  private constructor(file: string, records: RecordFile<RegradeRecord>) {
    this.path = file;
    this.#file = records;
  }

  /**
   * Opens a series to go on with it, or begins it. What failed and may come out otherwise now is open again. Throws
   * `run_folder_conflict` for a series of another grader, and `output_unwritable`.
   */
  static async open(folder: string, series: string, grader: SeriesGrader): Promise<SeriesFile> {
    const outer = path.join(folder, "regrades");
    await mkdir(outer, { recursive: true, mode: 0o700 });
    const file = path.join(outer, `${series}.jsonl`);
    await noteGrader(path.join(outer, `${series}.json`), series, grader);
    await dropOpen(file);
    return new SeriesFile(file, await RecordFile.open<RegradeRecord>(file, { isPerAttempt: false }));
  }

  /** Whether a rollout has its line. */
  has(rollout: string): boolean {
    return this.#file.has({ rollout, attempt: 0 });
  }

  append(record: RegradeRecord): Promise<void> {
    return this.#file.append([record]);
  }

  /** Its lines, one at a time. Throws `bad_input`. */
  read(): AsyncGenerator<RegradeRecord> {
    return readRecords(this.path, regradeRecordSchema);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Written before the first line, so that no line is ever of an unknown grader. */
async function noteGrader(file: string, series: string, grader: SeriesGrader): Promise<void> {
  const found = await readFile(file, "utf8").catch(() => null);
  if (found === null) return replaceFile(file, `${jsonText({ series, grader }, 2)}\n`);
  const note = noteSchema.safeParse(parseOrNull(found));
  if (note.success && note.data.grader.sha256 === grader.sha256) return;
  throw new RollyardError("run_folder_conflict", {
    message: `The series ${series} in ${path.dirname(file)} is of another grader; use another --series.`,
  });
}

/** Writes a series anew without the lines that are open again; most series have none. */
async function dropOpen(file: string): Promise<void> {
  if (!(await hasOpen(file))) return;
  const partial = `${file}.new`;
  await rm(partial, { force: true });
  const kept = await JsonlFile.open(partial, () => undefined);
  try {
    for await (const record of readRecords(file, regradeRecordSchema)) {
      if (!isOpenAgain(record)) await kept.append([record]);
    }
  } finally {
    await kept.close();
  }
  await rename(partial, file);
}

async function hasOpen(file: string): Promise<boolean> {
  for await (const record of readRecords(file, regradeRecordSchema)) {
    if (isOpenAgain(record)) return true;
  }
  return false;
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
