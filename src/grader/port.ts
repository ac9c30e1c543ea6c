import type { Clock } from "../lib/clock.ts";
import type { JsonObject } from "../lib/json.ts";
import type { TokenUsage } from "../model/port.ts";
import type { AgentFiles } from "./agent-files.ts";
import type { CleanSandbox } from "./clean-sandbox.ts";
import type { EndpointCaller } from "./endpoint-caller.ts";
import type { GraderErrorFlags } from "./error-flags.ts";
import type { GradingStay } from "./grading-stay.ts";
import type { IntegrityHit } from "./integrity/apply-integrity.ts";
import type { Sample } from "./sample.ts";
import type { TokensByModel } from "./token-usage.ts";
import type { TrajectoryFacts } from "./trajectory-facts.ts";

/** What a grader may know of the attempt beside item and sample. */
export interface AttemptFacts {
  /** `<job uid>-<item>-<sample>`. */
  readonly rolloutId: string;
  /** `trace_<uuid>`, the rollout's name on the wire. */
  readonly traceId: string;
  readonly attempt: number;
}

/** One thing to grade. */
export interface GradeInput {
  /** The dataset row. */
  readonly item: JsonObject;
  readonly sample: Sample;
  readonly attempt: AttemptFacts;
  /** What happened, for formulas. */
  readonly trajectory: TrajectoryFacts;
}

/** What a grader needs of the world. */
export interface GradeDeps {
  readonly clock: Clock;
  /** Aborts when nobody wants this grade any more: drain, or the attempt has an outcome. */
  readonly signal: AbortSignal;
  readonly agentFiles: AgentFiles;
  readonly cleanSandbox: CleanSandbox;
  readonly endpointCaller: EndpointCaller;
  /** Unguessable text for result channels. */
  readonly nonce: () => string;
  /** Longest that a run may take, in milliseconds: what `limits.gradeSeconds` leaves after the runs before it. */
  readonly timeLimitMs: number;
  /** A grader tells how long a run took. What it only waited for (a sandbox, its turn, an endpoint) is no part of it. */
  readonly spend: (runMs: number) => void;
  /** A grader tells what an answer of a model used, whether it could use the answer or not; null where it was not told. */
  readonly countTokens: (model: string, usage: TokenUsage | null) => void;
  /**
   * Resolves when it is time for the next try; a grader may so wait for hours. Rejects when the grade is wanted no
   * more, and when the waiting grader's own signal aborts (its sibling failed), which the grader passes on.
   */
  readonly waitOut: (wait: GraderWait, signal: AbortSignal) => Promise<void>;
  readonly stay: GradingStay;
}

/** A grader waits, and why. */
export interface GraderWait {
  /** `type` of the grader that waits. */
  readonly graderType: string;
  /** Code of the failure that it waits out. */
  readonly code: string;
  readonly delayMs: number;
}

/** What a grader came to. There is no result without a reward: a grader that fails throws. */
export interface GradeResult {
  /** Always finite. */
  readonly reward: number;
  /** The reward reaches the grader's `pass_threshold`, else the environment's `passThreshold`. */
  readonly passed: boolean;
  /** Reward of each sub-grader of a `multi` by its key; of any other grader, its own by its name. */
  readonly subRewards: Readonly<Record<string, number>>;
  /** Short stable words such as `sample_parse_error`. */
  readonly flags: readonly string[];
  /** Integrity checks that hit. */
  readonly integrity: readonly IntegrityHit[];
  /** Short facts of the hits, by check. */
  readonly evidence: Readonly<Record<string, string>>;
  /** OpenAI's error flags. */
  readonly errors: GraderErrorFlags;
  readonly executionSeconds: number;
  /** Tokens that judge models used. */
  readonly usage: TokensByModel;
}

/**
 * A compiled grader. A low score is a result; a failure of the grader itself rejects, so that it can't become a
 * reward: class `grader` (`grader_failed`, `grader_unreachable`, `grader_bad_answer`, `grader_refused`) or class `config`.
 */
export interface Grader {
  grade(input: GradeInput, deps: GradeDeps): Promise<GradeResult>;
}
