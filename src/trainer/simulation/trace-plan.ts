import type { JsonObject } from "../../lib/json.ts";
import { SeededRandom } from "../../lib/seeded-random.ts";

/** What the simulated model asks for: a command, or one of the mistakes that models make. */
export type CallKind = "command" | "unknown_tool" | "bad_arguments";

/** How the answer to a call gets lost, so that the trainer sends it again. */
export type AnswerLoss =
  /** It came, and was lost on its way. */
  | "dropped"
  /** The connection broke while the call was under way. */
  | "cut";

/** One tool call of a simulated rollout. */
export interface CallPlan {
  /** The same in many traces: only together with the trace's id it names a call. */
  readonly callId: string;
  readonly kind: CallKind;
  /** What happens to its first answers; the one after them is kept. */
  readonly losses: readonly AnswerLoss[];
  /** Whether it is sent twice at once. */
  readonly isDoubled: boolean;
}

/** One simulated rollout, as its seed and its index have it. */
export interface TracePlan {
  readonly index: number;
  readonly traceId: string;
  readonly item: JsonObject & { readonly answer: string };
  /** `sample.output_text` of the grade call. */
  readonly answer: string;
  readonly isRight: boolean;
  /** Turns of calls; those of a turn are sent at once. */
  readonly turns: readonly (readonly CallPlan[])[];
  /** Whether the trainer throws it away without a word, after its turns. */
  readonly isAbandoned: boolean;
  readonly gradeLosses: readonly AnswerLoss[];
  readonly isGradeDoubled: boolean;
  /** Whether a tool call comes after the grade call. */
  readonly hasLateCall: boolean;
}

/** What all rollouts of a simulation have in common. */
export interface PlanBasis {
  readonly seed: number;
  /** Sets the traces of this simulation apart from those of others at the same environment. */
  readonly runId: string;
  /** Rows of the dataset; rollouts go through them again and again, as groups do. */
  readonly rows: number;
}

const RATES = {
  abandoned: 0.03,
  withoutCalls: 0.03,
  right: 0.6,
  mistake: 0.08,
  loss: 0.08,
  doubled: 0.06,
  lateCall: 0.05,
} as const;
/** A platform tries three times more; the last of them is kept, so that kills of servers have one left. */
const MAX_LOSSES = 2;

/** The plan of one rollout: follows from the seed and its index alone. */
export function planTrace(index: number, { seed, runId, rows }: PlanBasis): TracePlan {
  const random = new SeededRandom(
    Math.imul(seed ^ 0x51ed270b, 0x85ebca6b) + Math.imul(index + 1, 0x9e3779b9),
  );
  const row = index % rows;
  const right = `answer ${row}`;
  const isRight = random.chance(RATES.right);
  const turnCount = random.chance(RATES.withoutCalls) ? 0 : random.skewed(1, 5);
  return {
    index,
    traceId: `trace_${runId}-${index}`,
    item: { row, answer: right },
    answer: isRight ? right : "something else",
    isRight,
    turns: Array.from({ length: turnCount }, (_, turn) => planTurn(turn, random)),
    isAbandoned: random.chance(RATES.abandoned),
    gradeLosses: planLosses(random),
    isGradeDoubled: random.chance(RATES.doubled),
    hasLateCall: random.chance(RATES.lateCall),
  };
}

function planTurn(turn: number, random: SeededRandom): readonly CallPlan[] {
  return Array.from({ length: random.skewed(1, 4) }, (_, at) => ({
    callId: `call_${turn}_${at}`,
    kind: planKind(random),
    losses: planLosses(random),
    isDoubled: random.chance(RATES.doubled),
  }));
}

function planKind(random: SeededRandom): CallKind {
  return random.chance(RATES.mistake) ? random.pick(["unknown_tool", "bad_arguments"]) : "command";
}

function planLosses(random: SeededRandom): readonly AnswerLoss[] {
  if (!random.chance(RATES.loss)) return [];
  return Array.from({ length: random.skewed(1, MAX_LOSSES) }, () => random.pick(["dropped", "cut"]));
}
