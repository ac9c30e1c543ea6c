import type { GraderSpec, GraderType, SubGraderSpec } from "./schema.ts";

/** Types that look at what the agent left in its sandbox. */
const LOOKING: ReadonlySet<GraderType> = new Set<GraderType>(["command"]);

/** Whether a grader asks for files of the agent's sandbox, which end with the rollout: it can't grade stored trajectories. */
export function needsAgentFiles(spec: GraderSpec): boolean {
  const parts: readonly (GraderSpec | SubGraderSpec)[] =
    spec.type === "multi" ? [spec, ...Object.values(spec.graders)] : [spec];
  return parts.some(({ type }) => LOOKING.has(type));
}
