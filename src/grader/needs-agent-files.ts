import { agentFilePaths } from "./agent-file-paths.ts";
import type { GraderSpec } from "./schema.ts";

/** Whether a grader asks for files of the agent's sandbox, which end with the rollout: it can't grade stored trajectories. */
export function needsAgentFiles(spec: GraderSpec): boolean {
  return agentFilePaths(spec).length > 0;
}
