import { commandGraders } from "./command/command-graders.ts";
import type { GraderSpec } from "./schema.ts";

/** The paths of the agent's sandbox that a grader reads; none where it can be graded by its record alone. */
export function agentFilePaths(spec: GraderSpec): readonly string[] {
  const paths = commandGraders(spec).flatMap(({ spec: { files } }) => files.map(({ from }) => from));
  return [...new Set(paths)];
}
