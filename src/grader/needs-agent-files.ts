import { commandGraders } from "./command/command-graders.ts";
import { comparesAssets } from "./integrity/asset-copy-paths.ts";
import type { GraderSpec } from "./schema.ts";

/** Whether a grader asks for files of the agent's sandbox, which end with the rollout: it can't grade stored trajectories. */
export function needsAgentFiles(spec: GraderSpec): boolean {
  return comparesAssets(spec) || commandGraders(spec).some(({ spec: { files } }) => files.length > 0);
}
