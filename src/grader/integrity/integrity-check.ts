import type { CommandRun } from "../command/command-run.ts";
import type { CallFact } from "../trajectory-facts.ts";
import type { SourceFile } from "./source-files.ts";

/** All that a check may look at. */
export interface IntegrityFacts {
  /** Tool calls in order; those that were rejected ran nothing. */
  readonly calls: readonly CallFact[];
  /** The last assistant text. */
  readonly answer: string;
  /** What the model let out of its reasoning. */
  readonly reasoning: string;
  /** Code that the agent wrote: files that a `command` took, and blocks of code of its answer. Tests are left out. */
  readonly sources: readonly SourceFile[];
  /** Its files of tests. */
  readonly tests: readonly SourceFile[];
  /** Why files or code of the agent's could not be looked through, which is its own doing. */
  readonly unread: Unread | null;
  /** Runs of `command` graders. */
  readonly commands: readonly CommandRun[];
  /** What the agent's sandbox has where the author's files stand, by path; absent ones are left out. */
  readonly agentCopies: ReadonlyMap<string, Uint8Array>;
}

/** Files behind a link, too large, of a sandbox that the agent ended; or more code than is looked through. */
export type Unread = NonNullable<CommandRun["unread"]> | "too_much_code";

/** What a check found. */
export interface Finding {
  /** A stable word of the check's own list. */
  readonly reason: string;
  /** Short facts: counts, numbers of turns, and words of lists of ours. Never what an agent or an author wrote. */
  readonly evidence: Readonly<Record<string, string>>;
}

/** What a check can't do without; named where that is missing, it is refused. */
export type CheckNeed =
  /** A `command` grader. */
  | "command"
  /** A `command` grader with files of its own. */
  | "assets"
  /** A judge model. */
  | "judge"
  /** Tools. */
  | "tools"
  /** Code of the agent's: an answer may always hold some. */
  | "code"
  | "nothing";

/** One check against a way to get reward without doing the task. */
export interface IntegrityCheck {
  readonly needs: CheckNeed;
  /** `zero`: a hit makes the reward zero. `flag`: it only tells, for the sign is weak. */
  readonly effect: "zero" | "flag";
  /** Null for work that shows no such sign. Pure. */
  readonly find: (facts: IntegrityFacts) => Finding | null;
}
