import type { EnvironmentInput } from "../../../src/config/run-input.ts";
import { toRollyardError } from "../../../src/errors/rollyard-error.ts";
import type { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { loneGradeInput } from "../../../src/grader/given-sample.ts";
import { failedGraderRun, graderRun } from "../../../src/grader/grader-run.ts";
import type { GraderRun } from "../../../src/grader/grader-run.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { CliIo } from "../cli-io.ts";
import type { Grading } from "../grading/open-grading.ts";
import { readItem, readSample } from "./read-given.ts";

/** The files of one sample and its row. */
export interface GivenFiles {
  readonly sample: string;
  readonly item: string | undefined;
}

/** A grading of one sample, and what the command exits with. */
export interface GradedOnce {
  readonly run: GraderRun;
  readonly failure: RollyardError | null;
}

/** Grades one sample. A grader that fails is an answer too, without a reward. Throws `bad_input`. */
export async function gradeOnce(
  files: GivenFiles,
  { environment }: EnvironmentInput,
  { grading, io }: { readonly grading: Grading; readonly io: Pick<CliIo, "cwd"> },
): Promise<GradedOnce> {
  const { grader, responseFormat } = environment.spec;
  const hasResponseFormat = responseFormat !== undefined;
  const sample = await readSample(files.sample, { cwd: io.cwd, hasResponseFormat });
  const item = files.item === undefined ? {} : await readItem(files.item, io.cwd);
  const startedMs = systemClock.monotonicMs();
  try {
    const result = await grading.grade(loneGradeInput(sample, item));
    return { run: graderRun(grader, result), failure: null };
  } catch (thrown) {
    const failure = toRollyardError(thrown);
    if (failure.failureClass === "internal") throw failure;
    const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
    return { run: failedGraderRun(grader, failure, seconds), failure };
  }
}
