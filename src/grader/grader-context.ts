/** What of its environment and its process a grader follows. */
export interface GraderContext {
  /** `spec.passThreshold`; a grader's own `pass_threshold` wins. */
  readonly passThreshold: number;
}
