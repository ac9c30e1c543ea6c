import type { TokenUsage } from "../model/port.ts";

/** What a grader process holds. */
export interface GradingLoad {
  readonly running: number;
  /** Those that only wait: for an endpoint, a judge, their turn. */
  readonly waiting: number;
  /** How long it holds the oldest; 0 without any. */
  readonly oldestSeconds: number;
}

/** What graders count. Labels are of closed sets: grader types, error codes, environment names. */
export interface GraderMetrics {
  /** A rollout was taken for the first time, so many seconds after it stopped. */
  gradeTaken(environment: string, waitedSeconds: number): void;
  /** Asked for when the metrics are read. */
  watchGradings(read: () => GradingLoad): void;
  /** A grader of a type came to a score. */
  graderFinished(graderType: string, seconds: number): void;
  /** A try of a grader failed, or a grading ended without a reward. */
  graderFailed(graderType: string, code: string): void;
  /** One request to a judge model's endpoint ended; tries count one by one. */
  judgeRequestEnded(result: "answered" | "stopped" | "refused" | "failed", seconds: number): void;
  judgeTokens(usage: TokenUsage): void;
  /** An integrity check hit in a rollout whose outcome was recorded by this service. */
  hackFlagged(check: string): void;
  /** An outcome with this reward was recorded by this service, after so many seconds in its graders. */
  rewardRecorded(environment: string, reward: number, seconds: number): void;
}

/** Counts nothing; for tests and for callers without a registry. */
export const noGraderMetrics: GraderMetrics = {
  gradeTaken: () => undefined,
  watchGradings: () => undefined,
  graderFinished: () => undefined,
  graderFailed: () => undefined,
  judgeRequestEnded: () => undefined,
  judgeTokens: () => undefined,
  hackFlagged: () => undefined,
  rewardRecorded: () => undefined,
};
