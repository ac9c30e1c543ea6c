import type { CommandRun } from "./command/command-run.ts";
import type { GradeDeps, GradeInput } from "./port.ts";
import type { GraderErrorFlags } from "./error-flags.ts";

/** What one scorer says of one sample. */
export interface Score {
  /** Must be finite; whoever takes it checks. */
  readonly reward: number;
  readonly flags: readonly string[];
  /** Error flags that are raised although there is a score. */
  readonly errors: Partial<GraderErrorFlags>;
  /** Parts by their keys; absent for a scorer without parts. */
  readonly subRewards?: Readonly<Record<string, number>>;
  /** Runs of `command` graders, for integrity checks. */
  readonly commands?: readonly CommandRun[];
}

/** The inside of a grader: one type's way from a sample to a number. Rejects as {@link Grader} does. */
export interface Scorer {
  /** Name in results; the type's name where the spec has none. */
  readonly name: string;
  readonly type: string;
  score(input: GradeInput, deps: GradeDeps): Promise<Score>;
}

/** A score without anything to remark. */
export function plainScore(reward: number): Score {
  return { reward, flags: [], errors: {} };
}
