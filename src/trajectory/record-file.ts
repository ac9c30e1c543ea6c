import { z } from "zod";
import { RollyardError } from "../errors/rollyard-error.ts";
import { JsonlFile } from "./jsonl-file.ts";
import type { OpenAppend } from "./jsonl-file.ts";

const keySchema = z.object({ rollout: z.string(), attempt: z.number() });
type Keyed = z.output<typeof keySchema>;

/** Trajectories are long and begin with their key: it is read without the rest. */
const LEADING_KEY = /^\{"rollout":"([^"\\]+)","attempt":(\d+),/u;

/** A file of records, each written once: what an earlier session wrote is known. */
export class RecordFile<T extends Keyed> {
  readonly #file: JsonlFile;
  readonly #keyOf: (record: Keyed) => string;
  readonly #written: Set<string>;

  private constructor(file: JsonlFile, keyOf: (record: Keyed) => string, written: Set<string>) {
    this.#file = file;
    this.#keyOf = keyOf;
    this.#written = written;
  }

  /**
   * Opens it, with one record for each attempt, or one for each rollout. Throws `output_unwritable`, and
   * `run_folder_conflict` for a line that is no record.
   */
  static async open<T extends Keyed>(
    path: string,
    options: { readonly isPerAttempt: boolean; readonly openFile?: OpenAppend },
  ): Promise<RecordFile<T>> {
    const keyOf = options.isPerAttempt ? attemptKey : rolloutKey;
    const written = new Set<string>();
    const file = await JsonlFile.open(
      path,
      ({ text, number }) => void written.add(keyOf(keyIn(text, `${path}:${number}`))),
      options.openFile,
    );
    return new RecordFile<T>(file, keyOf, written);
  }

  /** Records that are there, or on their way. */
  get size(): number {
    return this.#written.size;
  }

  /** Whether the record is there, or on its way. */
  has(record: Keyed): boolean {
    return this.#written.has(this.#keyOf(record));
  }

  /** Appends those that are not there yet. Throws `output_unwritable`. */
  async append(records: readonly T[]): Promise<void> {
    const fresh = records.filter((record) => {
      const isFresh = !this.has(record);
      this.#written.add(this.#keyOf(record));
      return isFresh;
    });
    await this.#file.append(fresh);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function attemptKey({ rollout, attempt }: Keyed): string {
  return `${rollout}/${attempt}`;
}

function rolloutKey({ rollout }: Keyed): string {
  return rollout;
}

function keyIn(line: string, place: string): Keyed {
  const leading = LEADING_KEY.exec(line.slice(0, 200));
  if (leading?.[1] !== undefined) return { rollout: leading[1], attempt: Number(leading[2]) };
  try {
    return keySchema.parse(JSON.parse(line));
  } catch (cause) {
    throw new RollyardError("run_folder_conflict", {
      message: `${place} is no record of this version of Rollyard; use another --out.`,
      cause,
    });
  }
}
