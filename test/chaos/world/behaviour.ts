import { createHash } from "node:crypto";
import type { MockCall } from "../../support/model/mock-bodies.ts";

/** What a run's rollouts are made of. */
export interface BehaviourSpec {
  readonly seed: number;
  readonly samplesPerItem: number;
  /** Percent of attempts in which the model fails a call for good. */
  readonly modelFaultPercent: number;
}

/** How the simulated policy plays one rollout: all of it follows from the seed, so the checker knows it too. */
export interface Behaviour {
  /** Turns of plain tool calls, before the one that reads what ran in the sandbox. */
  readonly toolTurns: number;
  readonly callsPerTurn: number;
  /** Whether the closing answer is the item's. */
  readonly isRight: boolean;
  /** So many attempts, from the first on, fail because the model fails every try of a call. */
  readonly faultyAttempts: number;
}

/** A number in [0, 1) that belongs to these words and to no other. */
export function fraction(...words: readonly (string | number)[]): number {
  const digest = createHash("sha256").update(words.join("/")).digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

/** The behaviour of a rollout by its index. */
export function behaviourOf(spec: BehaviourSpec, rollout: number): Behaviour {
  const draw = (what: string): number => fraction(spec.seed, rollout, what);
  return {
    toolTurns: 1 + Math.floor(draw("turns") * 3),
    callsPerTurn: draw("calls") < 0.7 ? 1 : 2,
    isRight: draw("right") < 0.5,
    faultyAttempts: faultsInARow((attempt) => draw(`fault ${attempt}`) * 100 < spec.modelFaultPercent),
  };
}

function faultsInARow(isFaulty: (attempt: number) => boolean): number {
  let count = 0;
  while (isFaulty(count)) count += 1;
  return count;
}

/** The right answer of an item. */
export function answerOf(seed: number, item: number): string {
  return `answer-${createHash("sha256").update(`${seed}/item/${item}`).digest("hex").slice(0, 12)}`;
}

/** What the closing turn of a rollout says. */
export function closingAnswer(spec: BehaviourSpec, rollout: number): string {
  if (!behaviourOf(spec, rollout).isRight) return "no idea";
  return answerOf(spec.seed, Math.floor(rollout / spec.samplesPerItem));
}

/** Name of the tool that notes its call in the sandbox. */
export const NOTE_TOOL = "note";
/** Name of the tool that shows everything that was noted there. */
export const AUDIT_TOOL = "audit";

/**
 * The calls of a turn; none means that the rollout answers. `id` is the model's own number of this very answer, so that
 * a call tells which answer it is from.
 */
export function callsOf(
  behaviour: Behaviour,
  { rollout, turn, id }: { readonly rollout: number; readonly turn: number; readonly id: number },
): readonly MockCall[] {
  if (turn > behaviour.toolTurns) return [];
  if (turn === behaviour.toolTurns) return [{ name: AUDIT_TOOL, arguments: "{}", id: `audit_${id}` }];
  return Array.from({ length: behaviour.callsPerTurn }, (_, index) => ({
    name: NOTE_TOOL,
    arguments: JSON.stringify({ mark: `${rollout}.${turn}.${index}.${id}` }),
    id: `note_${id}_${index}`,
  }));
}
