import { commandGraders } from "./command/command-graders.ts";
import type { GraderAssets } from "./command/grader-file.ts";
import { assetCopyPaths } from "./integrity/asset-copy-paths.ts";
import type { GraderSpec } from "./schema.ts";

/** The paths of the agent's sandbox that a grader reads; none where it can be graded by its record alone. */
export function agentFilePaths(spec: GraderSpec, assets: GraderAssets): readonly string[] {
  const taken = commandGraders(spec).flatMap(({ spec: { files } }) => files.map(({ from }) => from));
  return [...new Set([...taken, ...assetCopyPaths(spec, assets)])];
}
