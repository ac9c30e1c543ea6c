import { mkdir } from "node:fs/promises";
import path from "node:path";
import { RecordFile } from "../../../src/trajectory/record-file.ts";
import type { ResultRecord } from "../../../src/trajectory/result-record.ts";
import type { TrajectoryRecord } from "../../../src/trajectory/trajectory-record.ts";

/** The records of a cluster's job in a folder, as a local run leaves them; what is there is not written again. */
export class ResultsFolder {
  readonly path: string;
  readonly #attempts: RecordFile<ResultRecord>;
  readonly #trajectories: RecordFile<TrajectoryRecord>;
  readonly #results: RecordFile<ResultRecord>;

  private constructor(
    folder: string,
    files: readonly [RecordFile<ResultRecord>, RecordFile<TrajectoryRecord>, RecordFile<ResultRecord>],
  ) {
    this.path = folder;
    [this.#attempts, this.#trajectories, this.#results] = files;
  }

  /** Opens or makes `outer/<job>`. Throws `output_unwritable`, and `run_folder_conflict` for a line that is no record. */
  static async open(outer: string, job: string): Promise<ResultsFolder> {
    const folder = path.join(outer, job);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = (name: string): string => path.join(folder, `${name}.jsonl`);
    return new ResultsFolder(folder, [
      await RecordFile.open<ResultRecord>(file("attempts"), { isPerAttempt: true }),
      await RecordFile.open<TrajectoryRecord>(file("trajectories"), { isPerAttempt: false }),
      await RecordFile.open<ResultRecord>(file("results"), { isPerAttempt: false }),
    ]);
  }

  /** Rollouts that are there. */
  get size(): number {
    return this.#results.size;
  }

  /** Whether the rollout is there. */
  has(result: ResultRecord): boolean {
    return this.#results.has(result);
  }

  /** An attempt that was tried again. */
  async attempt(result: ResultRecord): Promise<void> {
    await this.#attempts.append([result]);
  }

  /** How a rollout ended; its result is written last, so that a line there has all the others. */
  async ended(result: ResultRecord, trajectory: TrajectoryRecord | undefined): Promise<void> {
    if (result.outcome === "failed") await this.#attempts.append([result]);
    if (trajectory !== undefined) await this.#trajectories.append([trajectory]);
    await this.#results.append([result]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#attempts.close(), this.#trajectories.close(), this.#results.close()]);
  }
}
