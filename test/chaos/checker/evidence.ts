import type { BehaviourSpec } from "../world/behaviour.ts";
import type { ModelAnswerLine } from "../world/model-log.ts";
import type { SeenLog } from "./seen-log.ts";
import type { SeenOutcome } from "./seen-outcome.ts";

/** A line of results.jsonl or attempts.jsonl, as far as it is checked. */
export interface SeenResult {
  readonly item_index: number;
  readonly sample_index: number;
  readonly attempt: number;
  readonly outcome: string;
  readonly reward: number | null;
  readonly failure_code: string | null;
}

/** Everything that a run left, read without the product's code. */
export interface Evidence {
  readonly behaviour: BehaviourSpec;
  readonly rollouts: number;
  readonly maxAttempts: number;
  /** By rollout index. */
  readonly logs: ReadonlyMap<number, SeenLog>;
  readonly outcomes: ReadonlyMap<number, readonly SeenOutcome[]>;
  /** Sandboxes by uid: whether the last word about it is that it is retired. */
  readonly retired: ReadonlyMap<string, boolean>;
  readonly results: readonly SeenResult[];
  /** Failed attempts that were recorded. */
  readonly attempts: readonly SeenResult[];
  readonly trajectories: readonly SeenResult[];
  readonly model: readonly ModelAnswerLine[];
  /** What each call of the remote tool noted, a mark a run; null when tools ran in sandboxes. */
  readonly remoteMarks: readonly string[] | null;
  /** Sandboxes whose sandboxd the run killed. */
  readonly sandboxdKills: number;
  /** Processes, mounts and folders that were still there, a line each. */
  readonly leftovers: readonly string[];
}
