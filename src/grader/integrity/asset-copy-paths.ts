import { assetsKey } from "../command/grader-file.ts";
import type { GraderAssets } from "../command/grader-file.ts";
import { commandGraders } from "../command/command-graders.ts";
import type { GraderSpec } from "../schema.ts";
import type { CheckName } from "./integrity-checks.ts";

/** Checks that compare the author's files with the agent's copies of them. */
const COMPARING: readonly CheckName[] = ["tests_unchanged", "no_answer_on_disk"];

/** Whether a grader's checks compare the author's files with what the agent has at their paths. */
export function comparesAssets({ integrity }: Pick<GraderSpec, "integrity">): boolean {
  return (integrity ?? []).some((check) => COMPARING.includes(check));
}

/** Paths of the author's files whose copies in the agent's sandbox are compared with them. */
export function assetCopyPaths(spec: GraderSpec, assets: GraderAssets): readonly string[] {
  if (!comparesAssets(spec)) return [];
  return commandGraders(spec).flatMap(({ spec: { assets: source } }) =>
    source === undefined ? [] : (assets.get(assetsKey(source)) ?? []).map(({ path }) => path),
  );
}
