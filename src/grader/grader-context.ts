import type { JudgeModels } from "./judges/judge.ts";

/** What of its environment and its process a grader follows. */
export interface GraderContext {
  /** `spec.passThreshold`; a grader's own `pass_threshold` wins. */
  readonly passThreshold: number;
  /** The models that graders may ask. */
  readonly judges: JudgeModels;
  /** Names of the environment's tools. */
  readonly tools: readonly string[];
}
