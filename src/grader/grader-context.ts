import type { GraderAssets } from "./command/grader-file.ts";
import type { GateOf } from "./grader-gates.ts";
import type { JudgeModels } from "./judges/judge.ts";

/** What of its environment and its process a grader follows. */
export interface GraderContext {
  /** `spec.passThreshold`; a grader's own `pass_threshold` wins. */
  readonly passThreshold: number;
  /** The models that graders may ask. */
  readonly judges: JudgeModels;
  /** Names of the environment's tools. */
  readonly tools: readonly string[];
  /** The process's gates for this environment's graders; by default only the authors' own limits hold. */
  readonly gateOf: GateOf;
  /** The author's own files of `command` graders. */
  readonly assets: GraderAssets;
}
