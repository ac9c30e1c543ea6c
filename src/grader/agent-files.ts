import type { SandboxTree, TreeLimits } from "../sandbox/sandbox-tree.ts";

/** How much of the agent's files one grader path may bring. What is larger is the agent's doing, and refused. */
export const AGENT_FILES_LIMITS: TreeLimits = { maxBytes: 32 * 1024 * 1024, maxEntries: 4000 };

/** The files that an agent left in its sandbox, for graders that ask for them by path. */
export interface AgentFiles {
  /**
   * What is at a path of the workdir; every file of a sandbox that the agent killed is absent. Rejects with class
   * `sandbox` when the sandbox was lost before its files were read, and with `grader_failed` where there is none to read.
   */
  take(path: string, signal: AbortSignal): Promise<SandboxTree>;
}
