import type { EnvironmentInput } from "../../../src/config/run-input.ts";
import { needsAgentFiles } from "../../../src/grader/needs-agent-files.ts";
import type { GradeInput } from "../../../src/grader/port.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { probeAnswers, probeDeterminism } from "../../../src/preflight/probe-grader.ts";
import type { ProbedGrader } from "../../../src/preflight/probe-grader.ts";
import type { PreflightFacts } from "../../../src/preflight/preflight-facts.ts";
import { storedGradeInput } from "../../../src/regrade/stored-grade-input.ts";
import { readJoinedResults } from "../../../src/trajectory/joined-results.ts";
import type { ResultRecord } from "../../../src/trajectory/result-record.ts";
import type { RunFamily } from "../../../src/trajectory/run-family.ts";
import { TrajectoryIndex } from "../../../src/trajectory/trajectory-index.ts";
import type { TrajectoryRecord } from "../../../src/trajectory/trajectory-record.ts";
import type { CliIo } from "../cli-io.ts";
import { openGrading } from "../grading/open-grading.ts";
import { untouchedFiles } from "../grading/untouched-files.ts";
import type { GradingOptions } from "../grading/open-grading.ts";

/** Which trajectories and items are tried. */
export interface ProbeSizes {
  readonly trajectories: number;
  readonly items: number;
}

/** What can be learned from the grader only. */
export type ProbeFacts = Pick<PreflightFacts, "determinism" | "answers" | "agentFiles">;

const WIDTH = 8;

/** Tries an Environment's grader on a baseline's trajectories and on answers that deserve nothing. */
export async function probeGrader(
  family: RunFamily,
  input: EnvironmentInput | null,
  {
    sizes,
    options,
    io,
  }: { readonly sizes: ProbeSizes; readonly options: GradingOptions; readonly io: CliIo },
): Promise<ProbeFacts> {
  if (input === null) return { determinism: NOT_KNOWN, answers: NOT_KNOWN, agentFiles: "none" };
  const agentFiles = agentFilesOf(input);
  const own = { ...options, agentFiles: untouchedFiles(input.localFolder) };
  const grading = await openGrading(input, own, io);
  const grader: ProbedGrader = {
    grade: (graded) => grading.grade(graded),
    hasResponseFormat: input.environment.spec.responseFormat !== undefined,
    width: WIDTH,
    signal: options.signal,
  };
  try {
    const items: JsonObject[] = [];
    const stored = storedInputs(family, grader, { sizes, items });
    const determinism = await probeDeterminism(stored, grader);
    const answers = await probeAnswers(items.slice(0, sizes.items), grader);
    return { determinism, answers, agentFiles };
  } finally {
    await grading.close();
  }
}

const NOT_KNOWN = {
  unchecked: "The run's grader is not known here: give -f FILE with its Environment.",
} as const;

/** What stands in for the files that agents left: they went with their sandboxes. */
function agentFilesOf({ environment, localFolder }: EnvironmentInput): ProbeFacts["agentFiles"] {
  if (!needsAgentFiles(environment.spec.grader)) return "none";
  return localFolder === undefined ? "absent" : "untouched";
}

/** Stored rollouts spread over the whole baseline; the items that they are of are noted, each once. */
async function* storedInputs(
  family: RunFamily,
  grader: ProbedGrader,
  { sizes, items }: { readonly sizes: ProbeSizes; readonly items: JsonObject[] },
): AsyncGenerator<GradeInput> {
  const seen = new Set<number>();
  for (const chosen of await spreadRollouts(family, sizes.trajectories)) {
    for await (const { record, trajectory } of trajectoriesOf(chosen)) {
      if (!seen.has(record.item_index)) items.push(trajectory.item as JsonObject);
      seen.add(record.item_index);
      yield storedGradeInput(record, trajectory, grader);
    }
  }
}

interface StoredRollout {
  readonly record: ResultRecord;
  readonly trajectory: TrajectoryRecord;
}

async function* trajectoriesOf({ folder, records }: ChosenRollouts): AsyncGenerator<StoredRollout> {
  const trajectories = await TrajectoryIndex.open(folder);
  try {
    for (const record of records) {
      const trajectory = await trajectories.read(record.rollout);
      if (trajectory !== null) yield { record, trajectory };
    }
  } finally {
    await trajectories.close();
  }
}

interface ChosenRollouts {
  readonly folder: string;
  readonly records: readonly ResultRecord[];
}

/** At most so many rollouts that have a reward, each as far from the next, by the folder that has them. */
async function spreadRollouts(family: RunFamily, most: number): Promise<readonly ChosenRollouts[]> {
  const step = Math.max(1, Math.floor((await gradedIn(family)) / most));
  const byFolder = new Map<string, ResultRecord[]>();
  let at = 0;
  for await (const { record, isCurrent, member } of readJoinedResults(family)) {
    if (!isCurrent || record.reward === null) continue;
    if (at % step === 0 && at < most * step) {
      byFolder.set(member.folder, [...(byFolder.get(member.folder) ?? []), record]);
    }
    at += 1;
  }
  return [...byFolder].map(([folder, records]) => ({ folder, records }));
}

async function gradedIn(family: RunFamily): Promise<number> {
  let graded = 0;
  for await (const { record, isCurrent } of readJoinedResults(family)) {
    if (isCurrent && record.reward !== null) graded += 1;
  }
  return graded;
}
