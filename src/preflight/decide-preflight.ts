import { countText, numberText, percentText } from "../trajectory/number-text.ts";
import type { PreflightFacts } from "./preflight-facts.ts";

/** How a check came out. `unknown`: it could not be made. */
export type PreflightLevel = "good" | "doubt" | "bad" | "unknown";

/** One check, and the sentence that it came to. */
export interface PreflightFinding {
  readonly check: string;
  readonly level: PreflightLevel;
  readonly reason: string;
}

/** Whether a task is fit for reinforcement fine-tuning as it is. */
export interface PreflightVerdict {
  /** unfit: something is bad; doubtful: something is in doubt or unknown; fit: all is good. */
  readonly verdict: "fit" | "doubtful" | "unfit";
  readonly findings: readonly PreflightFinding[];
}

/** Shares of rollouts, items and rewards at which a check is in doubt or bad. */
const GRADED = { doubt: 0.9, bad: 0.5 };
const USEFUL = { doubt: 0.15, bad: 0.05 };
const ONE_SIDED = { doubt: 0.5, bad: 0.8 };
/** What the best of k must be above one alone, as a share of the rewards' usual range of 1. */
const HEADROOM = { doubt: 0.05, bad: 0.01 };
/** Noise of the grader against the spread within items. */
const NOISE_OF_SPREAD = 0.5;

type Check = (facts: PreflightFacts) => readonly PreflightFinding[];

/** Decides from what was observed. */
export function decidePreflight(facts: PreflightFacts): PreflightVerdict {
  const findings = CHECKS.flatMap((check) => check(facts));
  const levels = new Set(findings.map(({ level }) => level));
  if (levels.has("bad")) return { verdict: "unfit", findings };
  return { verdict: levels.has("doubt") || levels.has("unknown") ? "doubtful" : "fit", findings };
}

const graded: Check = ({ rollouts: { total, graded: count } }) => {
  const level = total === 0 ? "bad" : atLeast(count / total, GRADED);
  const share = `${count} of ${countText(total, "rollout")} (${percentText(count, total)}) have a reward`;
  const advice =
    level === "good" ? "" : ": mend what fails first (rollyard doctor), the figures below are of the rest";
  return [{ check: "graded", level, reason: `${share}${advice}.` }];
};

const variance: Check = ({ items: { compared, tooFew, useful, spread } }) => {
  const check = "variance";
  if (compared === 0) {
    const reason = `No item has two rewards to compare (${countText(tooFew, "item")} with fewer): run it with samplesPerItem of at least 4.`;
    return [{ check, level: "unknown", reason }];
  }
  const level = atLeast(useful / compared, USEFUL);
  const share = `Rewards differ within ${useful} of ${countText(compared, "item")} (${percentText(useful, compared)})`;
  const rest =
    spread === null
      ? ": there is nothing to learn from"
      : `, by ${numberText(spread)} (standard deviation)${level === "good" ? "" : ": most samples teach nothing"}`;
  return [{ check, level, reason: `${share}${rest}.` }];
};

const difficulty: Check = ({ items: { compared, never, always, flat } }) => {
  if (compared === 0) return [];
  const level = worse(atMost(never / compared, ONE_SIDED), atMost(always / compared, ONE_SIDED));
  const shares = `${percentText(never, compared)} of the items are always 0, ${percentText(always, compared)} always pass, ${percentText(flat, compared)} are the same in between`;
  const hard =
    never > always
      ? ": too hard for this model; give partial credit, easier items or better tools"
      : ": too easy for this model; give harder items";
  return [{ check: "difficulty", level, reason: `${shares}${level === "good" ? "" : hard}.` }];
};

const headroom: Check = ({ best }) => {
  const check = "headroom";
  if (best === null) {
    return [
      {
        check,
        level: "unknown",
        reason: "Without several samples of an item nobody knows how much better the best are.",
      },
    ];
  }
  const gain = best.best - best.one;
  const level = atLeast(gain, HEADROOM);
  const reason = `The best of ${best.k} reaches ${numberText(best.best)}, one alone ${numberText(best.one)}`;
  return [
    {
      check,
      level,
      reason: `${reason}${level === "good" ? "" : ": the model's good samples are hardly better than its others"}.`,
    },
  ];
};

const toolCalls: Check = ({ calls: { hasTools, correlation, buckets } }) => {
  const check = "tool calls";
  const [fewest] = buckets;
  const most = buckets.at(-1);
  if (!hasTools || fewest === undefined || most === undefined) return [];
  if (most.to === 0)
    return [
      {
        check,
        level: "doubt",
        reason: "No rollout calls a tool: what is learned is an answer without them.",
      },
    ];
  const shown = buckets.map(
    ({ from, to, mean }) => `${from === to ? from : `${from}–${to}`} calls ${numberText(mean)}`,
  );
  const figures = `Mean reward by tool calls: ${shown.join(", ")} (rank correlation ${numberText(correlation)})`;
  const isIdle =
    fewest.to === 0 &&
    buckets.length > 1 &&
    fewest.mean >= Math.max(...buckets.slice(1).map(({ mean }) => mean));
  return [
    {
      check,
      level: isIdle ? "doubt" : "good",
      reason: `${figures}${isIdle ? ": rollouts without calls do best, so the tools would be unlearned" : ""}.`,
    },
  ];
};

const determinism: Check = ({ determinism: facts, items: { spread } }) => {
  const check = "determinism";
  if ("unchecked" in facts) return [{ check, level: "unknown", reason: facts.unchecked }];
  const { checked, different, noise, failed } = facts;
  if (failed > 0) {
    const reason = `The grader gave no reward in ${failed} of ${countText(2 * checked, "grading")} of stored trajectories.`;
    return [{ check, level: "bad", reason }];
  }
  if (different === 0)
    return [
      {
        check,
        level: "good",
        reason: `${countText(checked, "trajectory")} graded twice, with the same rewards.`.replace(
          "trajectorys",
          "trajectories",
        ),
      },
    ];
  const isLoud = spread === null || noise > NOISE_OF_SPREAD * spread;
  const reason = `${different} of ${checked} trajectories got another reward the second time, by ${numberText(noise)} on average${isLoud ? ": as much as rewards differ within items" : ""}.`;
  return [{ check, level: isLoud ? "bad" : "doubt", reason }];
};

const answers: Check = ({ answers: facts, reward: { mean } }) => {
  const check = "worthless answers";
  if ("unchecked" in facts) return [{ check, level: "unknown", reason: facts.unchecked }];
  const found = facts.flatMap(({ name, items, passed, failed, most }): PreflightFinding[] => {
    const of = `of ${countText(items, "item")}`;
    if (passed * 2 > items)
      return [{ check, level: "bad", reason: `The answer "${name}" passes for ${passed} ${of}.` }];
    if (passed > 0)
      return [
        {
          check,
          level: "doubt",
          reason: `The answer "${name}" passes for ${passed} ${of}; see whether it is right there.`,
        },
      ];
    if (failed > 0)
      return [
        {
          check,
          level: "doubt",
          reason: `The grader fails on the answer "${name}" for ${failed} ${of}: such rollouts would be thrown away.`,
        },
      ];
    const isDear = most !== null && mean !== null && most > 0 && most >= mean;
    return isDear
      ? [
          {
            check,
            level: "doubt",
            reason: `The answer "${name}" gets up to ${numberText(most)}, no less than the mean of the baseline.`,
          },
        ]
      : [];
  });
  if (found.length > 0) return found;
  return [
    {
      check,
      level: "good",
      reason: `${countText(facts.length, "answer")} that deserve nothing get less than the baseline, and none passes.`,
    },
  ];
};

const agentFiles: Check = ({ agentFiles: given }) => {
  if (given === "none") return [];
  const instead =
    given === "untouched" ? "the workdir as agents find it" : "none of them, for the workdir is in an image";
  const reason = `The grader asks for files that agents left, which ended with their sandboxes: it was tried on ${instead}.`;
  return [{ check: "agents' files", level: "good", reason }];
};

const CHECKS: readonly Check[] = [
  graded,
  variance,
  difficulty,
  headroom,
  toolCalls,
  agentFiles,
  determinism,
  answers,
];

interface Bounds {
  readonly doubt: number;
  readonly bad: number;
}

function atLeast(value: number, { doubt, bad }: Bounds): PreflightLevel {
  return value < bad ? "bad" : value < doubt ? "doubt" : "good";
}

function atMost(value: number, { doubt, bad }: Bounds): PreflightLevel {
  return value > bad ? "bad" : value > doubt ? "doubt" : "good";
}

function worse(left: PreflightLevel, right: PreflightLevel): PreflightLevel {
  return [left, right].includes("bad") ? "bad" : [left, right].includes("doubt") ? "doubt" : "good";
}
