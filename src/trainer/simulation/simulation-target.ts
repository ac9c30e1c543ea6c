/** The endpoints of a job's configuration at one address; several addresses are replicas of one service. */
export interface ReplicaEndpoints {
  readonly toolUrl: string;
  readonly graderUrl: string;
}

/** How the environment under test scores, which the simulated trainer has to know to see a wrong score. */
export type ScoreRule =
  /** 1 when the answer is `item.answer`, else 0. */
  | "answer"
  /** 1000 for that, and 1 for each tool call that is on record. */
  | "answer-and-calls";

/** What the simulated trainer calls. */
export interface SimulationTarget {
  /** At least one; a call goes to any of them, and again to another. */
  readonly replicas: readonly ReplicaEndpoints[];
  readonly headers: Readonly<Record<string, string>>;
  readonly toolName: string;
  /** Arguments of a command that notes `{{mark}}` in its sandbox and prints something; JSON text. */
  readonly callJson: string;
  /** Arguments of a command that prints all marks of its sandbox, one a line; JSON text. */
  readonly auditJson: string;
  readonly scoreRule: ScoreRule;
  /** Milliseconds to wait for an answer. */
  readonly timeoutMs: number;
  /** Milliseconds before the first retry; doubled each time. */
  readonly retryMs: number;
}

/** For `preset: shell`: appends the mark to a file and prints it with the file's length. */
export const SHELL_CALL = JSON.stringify({
  command: "echo {{mark}} >> rollyard-marks && echo {{mark}} $(wc -l < rollyard-marks)",
});

/** For `preset: shell`: prints that file, and nothing when there is none. */
export const SHELL_AUDIT = JSON.stringify({ command: "cat rollyard-marks 2> /dev/null || true" });
