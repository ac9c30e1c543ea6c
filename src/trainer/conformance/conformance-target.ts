import type { JsonObject } from "../../lib/json.ts";

/** What is tried: one tool and the grader of an environment, as a fine-tuning job would name them. */
export interface ConformanceTarget {
  /** `server_url` of the tool. */
  readonly toolUrl: string;
  readonly toolName: string;
  /** `url` of the grader. */
  readonly graderUrl: string;
  /** Sent with every call, as the platform does. */
  readonly headers: Readonly<Record<string, string>>;
  /** Arguments that the tool takes: JSON text. */
  readonly argumentsJson: string;
  /** A row of the dataset. */
  readonly item: JsonObject;
  /**
   * Whether the call's output tells how often it ran in its trace and nothing else, as `echo x >> n; wc -l < n` does:
   * only such a call proves that a repeat does not run again.
   */
  readonly isCounting: boolean;
  /** Traces of the burst, all at once. */
  readonly burst: number;
  /** Milliseconds to wait for an answer. */
  readonly timeoutMs: number;
}
