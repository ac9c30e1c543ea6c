import type { LiveFacts } from "./live-facts.ts";

/** Failed attempts of one kind among the last ones on record. */
export interface RecentFailures {
  readonly failureClass: string;
  readonly code: string;
  readonly count: number;
  /** The newest one's sentence. */
  readonly cause: string;
}

/** Where a job is, as far as anyone can tell. */
export type JobState =
  | { readonly kind: "running"; readonly live: LiveFacts }
  /** A process has it and does not answer. */
  | { readonly kind: "silent"; readonly pid: number }
  /** A process has it, and is not that far yet or about to end. */
  | { readonly kind: "starting"; readonly pid: number }
  /** A process serves an environment to a hosted trainer. */
  | { readonly kind: "serving"; readonly pid: number }
  /** An environment that was served, and was stopped in good order. */
  | { readonly kind: "served" }
  | { readonly kind: "ended"; readonly condition: string; readonly reason: string; readonly message: string }
  /** Its last session ended before the job did; `killed`: without a word. */
  | {
      readonly kind: "stopped";
      readonly why: "interrupted" | "error" | "killed";
      readonly message: string;
    };

/** What a doctor looks at: what is on record, and what the running process says. */
export interface DoctorFacts {
  readonly job: string;
  readonly state: JobState;
  /** Rollouts that have an outcome on record, and those of them that have no reward; retries are counted in. */
  readonly recorded: { readonly graded: number; readonly ungraded: number };
  /** Most frequent first. */
  readonly recentFailures: readonly RecentFailures[];
  /** Commands as the reader's shell takes them. */
  readonly commands: {
    readonly resume: string;
    readonly retry: string;
    readonly list: string;
    /** A prompt in a sandbox of the job's environment. */
    readonly sandbox: string;
  };
  /** A message that was delivered more often than this is told of. */
  readonly mostDeliveries: number;
}
