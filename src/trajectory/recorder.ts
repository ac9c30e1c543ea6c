import path from "node:path";
import { z } from "zod";
import type { LogStore, StoredMessage } from "../bus/port.ts";
import { decodeStored } from "../bus/envelope.ts";
import { outcomesSubject } from "../bus/subjects.ts";
import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { OutcomeSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { Outcome } from "../gen/rollyard/v1/work_pb.ts";
import type { CountedOutcome } from "../job/rebuild-ledger.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { FunctionTool } from "../model/port.ts";
import { readRollout } from "../rollout/read-rollout.ts";
import type { AttemptState } from "../rollout/state.ts";
import { JsonlFile } from "./jsonl-file.ts";
import { resultRecord } from "./result-record.ts";
import type { ResultRecord } from "./result-record.ts";
import { trajectoryRecord } from "./trajectory-record.ts";
import type { TrajectoryRecord } from "./trajectory-record.ts";

/** What a recorder writes from and to. */
export interface RecorderOptions {
  /** The run folder. */
  readonly folder: string;
  readonly store: LogStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly job: { readonly namespace: string; readonly jobUid: string; readonly jobName: string };
  /** What the model was told of. */
  readonly tools: readonly FunctionTool[];
}

/** Logs that are read at once. */
const READERS = 16;
const RETRY_MS = 500;

const keySchema = z.object({ rollout: z.string(), attempt: z.number() });

type FileName = "results" | "trajectories" | "attempts";
type Files = Readonly<Record<FileName, JsonlFile>>;
type WrittenKeys = Readonly<Record<FileName, Set<string>>>;

interface Lines {
  readonly attempt: ResultRecord | null;
  readonly trajectory: TrajectoryRecord | null;
  readonly result: ResultRecord | null;
}

/**
 * Writes the records of a run as its outcomes come: each failed attempt, and each rollout once. What an earlier session
 * wrote is not written again. A rollout's result is written last, so that a line there has all the others.
 */
export class ResultRecorder {
  /** Resolves once, with the error after which nothing more is written. */
  readonly failed: Promise<RollyardError>;
  readonly #options: RecorderOptions;
  readonly #files: Files;
  readonly #written: WrittenKeys;
  readonly #fail: (error: RollyardError) => void;
  readonly #queue: CountedOutcome[] = [];
  readonly #ready: Lines[] = [];
  #reading = 0;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  #failure: RollyardError | null = null;
  #idle: (() => void)[] = [];

  private constructor(options: RecorderOptions, files: Files, written: WrittenKeys) {
    const { promise, resolve } = Promise.withResolvers<RollyardError>();
    this.#options = options;
    this.#files = files;
    this.#written = written;
    this.failed = promise;
    this.#fail = resolve;
  }

  /** Opens the files of a run folder and learns what is in them. Throws `output_unwritable`. */
  static async open(options: RecorderOptions): Promise<ResultRecorder> {
    const results = await openFile(options.folder, "results");
    const trajectories = await openFile(options.folder, "trajectories");
    const attempts = await openFile(options.folder, "attempts");
    return new ResultRecorder(
      options,
      { results: results.file, trajectories: trajectories.file, attempts: attempts.file },
      { results: results.keys, trajectories: trajectories.keys, attempts: attempts.keys },
    );
  }

  /** Takes an outcome that counts; its records are written soon after. Never throws. */
  record(counted: CountedOutcome): void {
    if (this.#failure !== null) return;
    this.#queue.push(counted);
    this.#read();
  }

  /** Resolves when everything taken is written. Rejects with the error after which nothing more is. */
  async flush(): Promise<void> {
    while (
      this.#failure === null &&
      (this.#queue.length > 0 || this.#reading > 0 || this.#ready.length > 0)
    ) {
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve);
      });
    }
    await this.#writing;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Closes the files. */
  async close(): Promise<void> {
    await this.#writing;
    await Promise.all(Object.values(this.#files).map((file) => file.close()));
  }

  #read(): void {
    while (this.#reading < READERS) {
      const counted = this.#queue.shift();
      if (counted === undefined) return;
      this.#reading += 1;
      void this.#readOne(counted);
    }
  }

  async #readOne(counted: CountedOutcome): Promise<void> {
    try {
      this.#ready.push(await this.#linesOf(counted));
      this.#reading -= 1;
      this.#read();
      this.#write();
    } catch (error) {
      this.#breakDown(toRollyardError(error));
    }
  }

  async #linesOf(counted: CountedOutcome): Promise<Lines> {
    const { jobName } = this.#options.job;
    const outcome = await this.#outcome(counted);
    const attempt = await this.#attempt(outcome);
    const record = resultRecord(jobName, outcome, attempt);
    const isFinal = counted.after === "graded" || counted.after === "final";
    const isFailed = record.outcome === "failed";
    const trajectory =
      isFinal && attempt !== null ? trajectoryRecord(attempt, record.reward, this.#options.tools) : null;
    return { attempt: isFailed ? record : null, trajectory, result: isFinal ? record : null };
  }

  async #outcome({ outcome }: CountedOutcome): Promise<Outcome> {
    const subject = outcomesSubject({ ...this.#options.job, ...outcome.place });
    const isWanted = ({ sequence }: StoredMessage): boolean => sequence === outcome.sequence;
    for (;;) {
      const last = await this.#whenAvailable(() => this.#options.store.readLast("outcomes", subject));
      const found =
        last !== null && isWanted(last)
          ? last
          : (await this.#whenAvailable(() => this.#options.store.read("outcomes", subject))).find(isWanted);
      if (found !== undefined) return decodeStored(OutcomeSchema, found.payload);
      // A replica that lags: the message was seen, so it will be there.
      await this.#options.clock.sleep(RETRY_MS);
    }
  }

  /** The attempt's folded log; null when it never began, or when its log does not fold (the outcome says so). */
  async #attempt(outcome: Outcome): Promise<AttemptState | null> {
    const { ref, lastSeq } = outcome;
    if (ref === undefined || lastSeq === 0n) return null;
    for (;;) {
      const state = await this.#whenAvailable(() => readRollout(this.#options.store, ref));
      const attempt = state.attempts.find((candidate) => candidate.attempt === ref.attempt);
      if (attempt !== undefined && state.lastSequence >= Number(lastSeq)) return attempt;
      await this.#options.clock.sleep(RETRY_MS);
    }
  }

  async #whenAvailable<T>(read: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await read();
      } catch (error) {
        if (!(error instanceof RollyardError) || error.code !== "bus_unavailable") throw error;
        await this.#options.clock.sleep(RETRY_MS);
      }
    }
  }

  #write(): void {
    if (this.#isWriting || this.#failure !== null) return;
    this.#isWriting = true;
    this.#writing = this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#ready.length > 0) {
        const lines = this.#ready.splice(0);
        await this.#append("attempts", present(lines.map((line) => line.attempt)));
        await this.#append("trajectories", present(lines.map((line) => line.trajectory)));
        await this.#append("results", present(lines.map((line) => line.result)));
      }
    } catch (error) {
      this.#breakDown(toRollyardError(error));
    }
    this.#isWriting = false;
    this.#wakeIdle();
  }

  async #append(name: FileName, records: readonly (ResultRecord | TrajectoryRecord)[]): Promise<void> {
    const written = this.#written[name];
    const fresh = records.filter((record) => !written.has(keyOf(name, record)));
    await this.#files[name].append(fresh);
    for (const record of fresh) written.add(keyOf(name, record));
  }

  #breakDown(error: RollyardError): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#options.logger.error("records can't be written", { code: error.code });
    this.#fail(error);
    this.#wakeIdle();
  }

  #wakeIdle(): void {
    for (const wake of this.#idle.splice(0)) wake();
  }
}

/** Attempts are told apart by number; a rollout has one result and one trajectory. */
function keyOf(name: string, record: { readonly rollout: string; readonly attempt: number }): string {
  return name === "attempts" ? `${record.rollout}/${record.attempt}` : record.rollout;
}

async function openFile(
  folder: string,
  name: FileName,
): Promise<{ readonly file: JsonlFile; readonly keys: Set<string> }> {
  const keys = new Set<string>();
  const file = await JsonlFile.open(path.join(folder, `${name}.jsonl`), (value) => {
    keys.add(keyOf(name, keySchema.parse(value)));
  });
  return { file, keys };
}

function present<T>(values: readonly (T | null)[]): readonly T[] {
  return values.filter((value) => value !== null);
}
