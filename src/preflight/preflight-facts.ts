/** How items' rollouts are rewarded, for items with at least two rewards. */
export interface ItemFacts {
  /** Items with two or more rewards. */
  readonly compared: number;
  /** Items with fewer. */
  readonly tooFew: number;
  /** Every reward is 0, or below. */
  readonly never: number;
  /** Every rollout passed. */
  readonly always: number;
  /** All rewards are the same otherwise. */
  readonly flat: number;
  /** Rewards differ: what a policy gradient learns from. */
  readonly useful: number;
  /** Mean over the useful ones of the standard deviation within the item; null for none. */
  readonly spread: number | null;
}

/** Rewards of rollouts with so many tool calls. */
export interface CallsBucket {
  readonly from: number;
  readonly to: number;
  readonly rollouts: number;
  readonly mean: number;
}

/** The same trajectories graded twice. */
export interface DeterminismFacts {
  readonly checked: number;
  readonly different: number;
  /** Mean of the absolute differences. */
  readonly noise: number;
  /** Gradings that gave no reward. */
  readonly failed: number;
}

/** What the grader gave to one answer that deserves nothing, over some items. */
export interface AnswerFacts {
  readonly name: string;
  readonly items: number;
  readonly passed: number;
  readonly failed: number;
  /** Null when none has a reward. */
  readonly most: number | null;
}

/** A check that could not be made, and why. */
export interface Unchecked {
  readonly unchecked: string;
}

/** All that a verdict is made from. */
export interface PreflightFacts {
  readonly rollouts: { readonly total: number; readonly graded: number };
  readonly reward: { readonly mean: number | null };
  readonly items: ItemFacts;
  /** One sample against the best of k, over the same items; null where no item has two. */
  readonly best: { readonly k: number; readonly one: number; readonly best: number } | null;
  readonly calls: {
    readonly hasTools: boolean;
    /** Spearman's rank correlation of tool calls and reward. */
    readonly correlation: number | null;
    readonly buckets: readonly CallsBucket[];
  };
  readonly determinism: DeterminismFacts | Unchecked;
  readonly answers: readonly AnswerFacts[] | Unchecked;
  /**
   * What the grader was tried on in place of the files that agents left, which ended with their sandboxes. none: it asks for
   * none; untouched: the workdir as agents find it; absent: nothing, for the workdir is in an image.
   */
  readonly agentFiles: "none" | "untouched" | "absent";
}
