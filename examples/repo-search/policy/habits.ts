import { chance } from "./chance.ts";

/** How one rollout goes about its task. All of it follows from the seed, as a model's luck follows from sampling. */
export interface Habits {
  /** Searches in the first turn. */
  readonly breadth: number;
  /** Puts word boundaries around names, so that longer names do not match. */
  readonly precise: boolean;
  /** Minds sentences that leave something out ("no tests", "keeps its name"). */
  readonly attentive: boolean;
  /** Looks for the name behind the words before it answers. */
  readonly curious: boolean;
  /** Reads this many doubtful files before it answers. */
  readonly reads: number;
  /** Names at most this many files. */
  readonly patience: number;
  /** What goes wrong, if anything: a call of a tool that does not exist, arguments that are no JSON, prose for JSON. */
  readonly slip: "none" | "unknown_tool" | "broken_arguments" | "prose_answer";
}

/** The habits of a seed; neighbouring seeds have unrelated ones. */
export function habitsOf(seed: number): Habits {
  const roll = (topic: string): number => chance(seed, topic);
  return {
    breadth: 2 + Math.floor(roll("breadth") * 4),
    precise: roll("precise") < 0.75,
    attentive: roll("attentive") < 0.7,
    curious: roll("curious") < 0.85,
    reads: roll("reads") < 0.45 ? 1 + Math.floor(roll("reads.count") * 3) : 0,
    patience: 5 + Math.floor(roll("patience") * 10),
    slip: slipOf(roll("slip")),
  };
}

function slipOf(luck: number): Habits["slip"] {
  if (luck < 0.04) return "unknown_tool";
  if (luck < 0.08) return "broken_arguments";
  return luck < 0.1 ? "prose_answer" : "none";
}
