import type { CommandResult } from "./command-result.ts";
import type { GraderFile } from "./grader-file.ts";

/** What integrity checks may know of a command's run. */
export interface CommandRun {
  /** The author's own files. */
  readonly assets: readonly GraderFile[];
  /** The agent's, where they were placed. */
  readonly agentFiles: readonly GraderFile[];
  /** Why the agent's files could not be read, which is its own doing; then nothing ran, but for a sandbox that it ended. */
  readonly unread: "link" | "too_large" | "ended" | null;
  /** It said, signed, that the agent's code may run. */
  readonly hasBegun: boolean;
  /** Null when there is no signed result. */
  readonly result: CommandResult | null;
}
