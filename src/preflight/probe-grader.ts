import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { loneGradeInput, sampleOfText } from "../grader/given-sample.ts";
import type { GradeInput, GradeResult } from "../grader/port.ts";
import { describeNumbers } from "../lib/describe-numbers.ts";
import type { JsonObject } from "../lib/json.ts";
import { mapAhead } from "../lib/map-ahead.ts";
import { HOSTILE_ANSWERS } from "./hostile-answers.ts";
import type { AnswerFacts, DeterminismFacts } from "./preflight-facts.ts";

/** A grader that is tried. */
export interface ProbedGrader {
  /** Rejects as a grader does. */
  readonly grade: (input: GradeInput) => Promise<GradeResult>;
  readonly hasResponseFormat: boolean;
  /** Gradings at once. */
  readonly width: number;
  /** Aborts when nobody wants to know any more; every probe then rejects. */
  readonly signal: AbortSignal;
}

/** Grades stored trajectories twice each. */
export async function probeDeterminism(
  inputs: AsyncIterable<GradeInput>,
  grader: ProbedGrader,
): Promise<DeterminismFacts> {
  const pairs: (readonly [number | null, number | null])[] = [];
  const twice = async (input: GradeInput): Promise<readonly [number | null, number | null]> => [
    (await tried(input, grader)).reward,
    (await tried(input, grader)).reward,
  ];
  for await (const pair of mapAhead(inputs, { width: grader.width }, twice)) pairs.push(pair);
  const differences = pairs.flatMap(([first, second]) =>
    first === null || second === null ? [] : [Math.abs(first - second)],
  );
  return {
    checked: pairs.length,
    different: differences.filter((difference) => difference > 0).length,
    noise: describeNumbers(differences).mean ?? 0,
    failed: pairs.flat().filter((reward) => reward === null).length,
  };
}

/** Asks the grader about answers that deserve nothing, for each of the items. */
export async function probeAnswers(
  items: readonly JsonObject[],
  grader: ProbedGrader,
): Promise<readonly AnswerFacts[]> {
  const found: AnswerFacts[] = [];
  for (const { name, text } of HOSTILE_ANSWERS) {
    const sample = sampleOfText(text, grader);
    const tries: Tried[] = [];
    const ask = (item: JsonObject): Promise<Tried> => tried(loneGradeInput(sample, item), grader);
    for await (const one of mapAhead(items, { width: grader.width }, ask)) tries.push(one);
    const rewards = tries.flatMap(({ reward }) => reward ?? []);
    found.push({
      name,
      items: items.length,
      passed: tries.filter(({ passed }) => passed).length,
      failed: tries.filter(({ reward }) => reward === null).length,
      most: describeNumbers(rewards).max,
    });
  }
  return found;
}

interface Tried {
  readonly reward: number | null;
  readonly passed: boolean;
}

/** A grader that can't be used at all is the caller's to hear of. */
async function tried(input: GradeInput, { grade, signal }: ProbedGrader): Promise<Tried> {
  try {
    const { reward, passed } = await grade(input);
    return { reward, passed };
  } catch (thrown) {
    const error = toRollyardError(thrown);
    if (signal.aborted || error.failureClass === "config") throw error;
    if (error.failureClass === "internal" && !(thrown instanceof RollyardError)) throw error;
    return { reward: null, passed: false };
  }
}
