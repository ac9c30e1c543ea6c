import path from "node:path";
import type { LogStore } from "../bus/port.ts";
import { toRollyardError } from "../errors/rollyard-error.ts";
import type { RollyardError } from "../errors/rollyard-error.ts";
import type { CountedOutcome } from "../job/rebuild-ledger.ts";
import type { RecordedOutcomes } from "../job/record-lost.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { FunctionTool } from "../model/port.ts";
import { rolloutId } from "../rollout/ids.ts";
import type { RolloutPlace } from "../rollout/ids.ts";
import type { AttemptState } from "../rollout/state.ts";
import { AttemptReader } from "./attempt-reader.ts";
import type { OpenAppend } from "./jsonl-file.ts";
import { RecordFile } from "./record-file.ts";
import { resultRecord } from "./result-record.ts";
import type { RecordedJob, ResultRecord } from "./result-record.ts";
import { trajectoryRecord } from "./trajectory-record.ts";
import type { TrajectoryRecord } from "./trajectory-record.ts";

/** What a recorder writes from and to. */
export interface RecorderOptions {
  /** The run folder. */
  readonly folder: string;
  readonly store: LogStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly job: RecordedJob & { readonly namespace: string; readonly jobUid: string };
  /** What the model was told of. */
  readonly tools: readonly FunctionTool[];
  /**
   * Resolves once all that the store has acknowledged would outlive a power cut. Nothing is written of what might not: what was
   * read in the files is never taken back. Absent where the store acknowledges nothing else.
   */
  readonly untilDurable?: () => Promise<void>;
  /** Where a trace belongs: a hosted trainer has the dataset, so that rows are numbered as they come. Of a job they have their numbers. */
  readonly placeOf?: (attempt: AttemptState | null, place: RolloutPlace) => RolloutPlace;
  /** How files are opened; tests pass disks that fill up. */
  readonly openFile?: OpenAppend;
}

/** Attempts that are read at once, and whose lines share a write. */
const BATCH = 32;

interface Lines {
  readonly attempt: ResultRecord | null;
  readonly trajectory: TrajectoryRecord | null;
  readonly result: ResultRecord | null;
  /** Stream sequence of the outcome. */
  readonly sequence: number;
}

interface Files {
  readonly attempts: RecordFile<ResultRecord>;
  readonly trajectories: RecordFile<TrajectoryRecord>;
  readonly results: RecordFile<ResultRecord>;
}

/**
 * Writes the records of a run in the order in which its outcomes come: each failed attempt, and each rollout once. What
 * an earlier session wrote is not written again. A rollout's result is written last, so that a line there has all the
 * others. At most two batches of trajectories are in memory.
 */
export class ResultRecorder {
  /** Resolves once, with the error after which nothing more is written. */
  readonly failed: Promise<RollyardError>;
  readonly #options: RecorderOptions;
  readonly #files: Files;
  readonly #reader: AttemptReader;
  readonly #fail: (error: RollyardError) => void;
  readonly #closed = new AbortController();
  readonly #queue: CountedOutcome[] = [];
  #running: Promise<void> | null = null;
  #writing: Promise<void> = Promise.resolve();
  #failure: RollyardError | null = null;
  /** Highest stream sequence of an outcome that was taken, and up to which all outcomes would outlive a power cut. */
  #taken = 0;
  #durable = 0;

  private constructor(options: RecorderOptions, files: Files) {
    const { promise, resolve } = Promise.withResolvers<RollyardError>();
    this.#options = options;
    this.#files = files;
    this.#reader = new AttemptReader({ ...options, signal: this.#closed.signal });
    this.failed = promise;
    this.#fail = resolve;
  }

  /**
   * Opens the files of a run folder and learns what is in them. Throws `output_unwritable`, and `run_folder_conflict`
   * for a line that is no record.
   */
  static async open(options: RecorderOptions): Promise<ResultRecorder> {
    const opened: { close(): Promise<void> }[] = [];
    const openRecords = async <T extends ResultRecord | TrajectoryRecord>(
      name: keyof Files,
    ): Promise<RecordFile<T>> => {
      const file = await RecordFile.open<T>(path.join(options.folder, `${name}.jsonl`), {
        isPerAttempt: name === "attempts",
        ...(options.openFile === undefined ? {} : { openFile: options.openFile }),
      });
      opened.push(file);
      return file;
    };
    try {
      return new ResultRecorder(options, {
        attempts: await openRecords("attempts"),
        trajectories: await openRecords("trajectories"),
        results: await openRecords("results"),
      });
    } catch (error) {
      await Promise.all(opened.map((file) => file.close()));
      throw error;
    }
  }

  /** What is in the files. */
  get recorded(): RecordedOutcomes {
    const { attempts, results } = this.#files;
    return { rollouts: results.size, failedAttempts: attempts.size };
  }

  /** Takes an outcome that counts; its records are written soon after. Never throws. */
  record(counted: CountedOutcome): void {
    if (this.#failure !== null || this.#closed.signal.aborted || this.#isRecorded(counted)) return;
    this.#queue.push(counted);
    this.#taken = Math.max(this.#taken, counted.outcome.sequence);
    this.#running ??= this.#run();
  }

  /** Resolves when everything taken is written. Rejects with the error after which nothing more is. */
  async flush(): Promise<void> {
    while (this.#running !== null) await this.#running;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Ends the write under way and closes the files; what is not written yet, the next session writes. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#writing;
    await Promise.all([
      this.#files.attempts.close(),
      this.#files.trajectories.close(),
      this.#files.results.close(),
    ]);
  }

  /** A resumed run hears all its outcomes again: most are here, and their logs need no second reading. */
  #isRecorded({ outcome: { place, attempt, end }, after }: CountedOutcome): boolean {
    const key = { rollout: rolloutId(this.#options.job.jobUid, place), attempt };
    const { attempts, results, trajectories } = this.#files;
    // After a power cut a result may be there without its trajectory: each file reaches the disk by itself.
    const isEndRecorded = results.has(key) && trajectories.has(key);
    return (end.kind === "graded" || attempts.has(key)) && (!isFinal(after) || isEndRecorded);
  }

  async #run(): Promise<void> {
    try {
      let coming = this.#readBatch();
      while (coming !== null) {
        const lines = await coming;
        // The next batch is read while this one is written.
        const ahead = this.#readBatch();
        await this.#write(lines);
        coming = ahead ?? this.#readBatch();
      }
    } catch (error) {
      this.#breakDown(toRollyardError(error));
    }
    this.#running = null;
  }

  #readBatch(): Promise<readonly Lines[]> | null {
    const batch = this.#queue.splice(0, BATCH);
    if (batch.length === 0) return null;
    const reading = Promise.all(batch.map((counted) => this.#linesOf(counted)));
    // It may fail before anyone waits for it.
    reading.catch(() => undefined);
    return reading;
  }

  async #linesOf({ outcome: summary, after }: CountedOutcome): Promise<Lines> {
    const { job, tools } = this.#options;
    const { outcome, attempt } = await this.#reader.read(summary);
    const record = this.#placed(resultRecord(job, outcome, attempt), attempt, summary.place);
    const ends = isFinal(after);
    const trajectory = ends && attempt !== null ? trajectoryRecord(attempt, record.reward, tools) : null;
    return {
      attempt: record.outcome === "failed" ? record : null,
      trajectory,
      result: ends ? record : null,
      sequence: summary.sequence,
    };
  }

  #placed(record: ResultRecord, attempt: AttemptState | null, place: RolloutPlace): ResultRecord {
    const placed = this.#options.placeOf?.(attempt, place);
    if (placed === undefined) return record;
    return { ...record, item_index: placed.itemIndex, sample_index: placed.sampleIndex };
  }

  async #write(lines: readonly Lines[]): Promise<void> {
    if (this.#closed.signal.aborted) return;
    const writing = this.#append(lines);
    this.#writing = writing.catch(() => undefined);
    await writing;
  }

  async #append(lines: readonly Lines[]): Promise<void> {
    await this.#untilDurable(Math.max(...lines.map(({ sequence }) => sequence)));
    if (this.#closed.signal.aborted) return;
    const { attempts, trajectories, results } = this.#files;
    await attempts.append(lines.flatMap(({ attempt }) => attempt ?? []));
    await trajectories.append(lines.flatMap(({ trajectory }) => trajectory ?? []));
    await results.append(lines.flatMap(({ result }) => result ?? []));
  }

  async #untilDurable(sequence: number): Promise<void> {
    const { untilDurable } = this.#options;
    if (untilDurable === undefined || sequence <= this.#durable) return;
    const taken = this.#taken;
    await untilDurable();
    this.#durable = taken;
  }

  #breakDown(error: RollyardError): void {
    if (this.#closed.signal.aborted) return;
    this.#failure = error;
    this.#queue.length = 0;
    this.#options.logger.error("records can't be written", { code: error.code });
    this.#fail(error);
  }
}

/** Whether the rollout has ended with it. */
function isFinal(after: CountedOutcome["after"]): boolean {
  return after === "graded" || after === "final";
}
