/** How a test ended. All but `passed` count as failed. */
export const TEST_OUTCOMES = ["passed", "failed", "skipped", "exited", "timed_out"] as const;

/** One test of a command's result. */
export interface TestResult {
  readonly id: string;
  readonly outcome: (typeof TEST_OUTCOMES)[number];
}
