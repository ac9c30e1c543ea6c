/**
 * The figures of the Agent RFT contract as the platforms document them (docs/trainer.md says where): what a hosted trainer
 * sends at most, waits for and does again.
 */
export const CONTRACT_LIMITS = {
  /** Most bytes of a request's body, tools and grader; it is a decimal megabyte. */
  requestBytes: 1_000_000,
  /** Most bytes of a tool's answer; a larger one is shown to the model as 413. */
  answerBytes: 1_000_000,
  /** Milliseconds that the platform waits for an answer. */
  timeoutMs: 600_000,
  /** How often a call is sent again after 5xx or silence; then the rollout is discarded. */
  retries: 3,
  /** Requests per second that an endpoint should be built for. */
  requestsPerSecond: 50,
} as const;
