import path from "node:path";
import { RegradeChangeBuilder } from "../../../src/regrade/regrade-change.ts";
import type { RegradeChange } from "../../../src/regrade/regrade-change.ts";
import { regrade } from "../../../src/regrade/regrade.ts";
import type { RegradeSetup, RegradeTask } from "../../../src/regrade/regrade.ts";
import { isSelected } from "../../../src/regrade/selection.ts";
import { SeriesFile } from "../../../src/regrade/series-file.ts";
import type { SeriesGrader } from "../../../src/regrade/series-file.ts";
import { readJoinedResults } from "../../../src/trajectory/joined-results.ts";
import type { RunFamily, RunMember } from "../../../src/trajectory/run-family.ts";
import { TrajectoryIndex } from "../../../src/trajectory/trajectory-index.ts";
import { takeRunLock } from "../run/run-lock.ts";

/** What is to be graded again, and by what. */
export interface FolderRegrade {
  readonly family: RunFamily;
  readonly grader: SeriesGrader;
  /** How rollouts ended that are graded; empty for all. */
  readonly only: readonly string[];
  readonly setup: RegradeSetup;
  /** Told how many lines were written so far. */
  readonly onProgress: (written: number) => void;
}

/** What became of it. */
export interface FolderRegraded {
  readonly change: RegradeChange;
  /** Rollouts that stopped and have no reward in the series. */
  readonly ungraded: number;
  /** Absolute paths. */
  readonly files: readonly string[];
}

interface Place {
  readonly series: SeriesFile;
  readonly trajectories: TrajectoryIndex;
  close(): Promise<void>;
}

interface PlacedTask extends RegradeTask {
  readonly place: Place;
}

/**
 * Grades a run's stored rollouts into a series beside its results, which stay as they are. What the series has already is not
 * graded again. Throws as {@link regrade}, `bad_input` for records that can't be read, `run_folder_conflict`, `output_unwritable`.
 */
export async function regradeFolder(given: FolderRegrade): Promise<FolderRegraded> {
  const { family, setup } = given;
  const places = new Map<RunMember, Place>();
  try {
    for (const member of [family.base, ...family.retries]) places.set(member, await openPlace(member, given));
    let written = 0;
    for await (const { task, record } of regrade(tasksOf(given, places), setup)) {
      await task.place.series.append(record);
      written += 1;
      given.onProgress(written);
    }
    return await changeOf(family, [...places.values()]);
  } finally {
    for (const place of places.values()) await place.close();
  }
}

async function openPlace({ folder }: RunMember, { setup, grader }: FolderRegrade): Promise<Place> {
  const lock = await takeRunLock(path.join(folder, "regrades", `.${setup.series}.lock`));
  try {
    const series = await SeriesFile.open(folder, setup.series, grader);
    const trajectories = await TrajectoryIndex.open(folder);
    const close = async (): Promise<void> => {
      await Promise.all([series.close(), trajectories.close()]);
      await lock.release();
    };
    return { series, trajectories, close };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function* tasksOf(
  { family, only }: FolderRegrade,
  places: ReadonlyMap<RunMember, Place>,
): AsyncGenerator<PlacedTask> {
  for await (const { record: result, member, isCurrent } of readJoinedResults(family)) {
    const place = places.get(member);
    if (place === undefined || !isCurrent || !isSelected(result, only)) continue;
    if (place.series.has(result.rollout)) continue;
    yield { result, place, trajectory: () => place.trajectories.read(result.rollout) };
  }
}

async function changeOf(family: RunFamily, places: readonly Place[]): Promise<FolderRegraded> {
  const before = new Map<string, number | null>();
  for await (const { record, isCurrent } of readJoinedResults(family)) {
    if (isCurrent) before.set(record.rollout, record.reward);
  }
  const builder = new RegradeChangeBuilder();
  let ungraded = 0;
  for (const { series } of places) {
    for await (const record of series.read()) {
      const reward = before.get(record.rollout);
      // A retry has mended it since.
      if (reward === undefined) continue;
      builder.add(record, reward);
      if (record.outcome === "failed" && record.stop_reason !== null) ungraded += 1;
    }
  }
  return { change: builder.build(), ungraded, files: places.map(({ series }) => series.path) };
}
