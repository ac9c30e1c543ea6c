import type { GraderAssets } from "./command/grader-file.ts";
import type { GraderLimits } from "./grader-limits.ts";
import type { JudgeModels } from "./judges/judge.ts";
import type { SubGraderSpec } from "./schema.ts";

/** Limits by grader type. */
export type LimitsByType = Readonly<Partial<Record<SubGraderSpec["type"], GraderLimits>>>;

/** What of its environment and its process a grader follows. */
export interface GraderContext {
  /** `spec.passThreshold`; a grader's own `pass_threshold` wins. */
  readonly passThreshold: number;
  /** The models that graders may ask. */
  readonly judges: JudgeModels;
  /** Names of the environment's tools. */
  readonly tools: readonly string[];
  /** What the process lets graders of a type do; by default nothing is limited. */
  readonly limits: LimitsByType;
  /** The author's own files of `command` graders. */
  readonly assets: GraderAssets;
}
