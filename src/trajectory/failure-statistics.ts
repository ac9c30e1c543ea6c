import type { ResultRecord } from "./result-record.ts";

/** Attempts that failed in one way. */
export interface FailureStatistics {
  readonly failure_class: string;
  readonly failure_code: string;
  readonly attempts: number;
  /** Of them those that ended their rollout. */
  readonly rollouts: number;
  /** Tokens spent on them. */
  readonly tokens: number;
  readonly examples: readonly FailureExample[];
}

/** One of them, to look into. */
export type FailureExample = Pick<
  ResultRecord,
  "rollout" | "item_index" | "sample_index" | "attempt" | "failure_reason" | "evidence"
>;

interface Tally {
  attempts: number;
  rollouts: number;
  tokens: number;
  readonly examples: FailureExample[];
}

const EXAMPLES = 3;

/** Counts failed attempts. Each counts once, also when it is among the attempts and among the results. */
export class FailureTally {
  readonly #tallies = new Map<string, Tally>();
  readonly #seen = new Set<string>();

  /** Counts an attempt; false when it was counted before. */
  add(record: ResultRecord): boolean {
    const key = `${record.rollout}/${record.attempt}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    const tally = this.#tallyOf(record);
    tally.attempts += 1;
    tally.tokens += tokensOf(record);
    if (isNew(tally.examples, record)) tally.examples.push(exampleOf(record));
    return true;
  }

  /** Says that the attempt ended its rollout. */
  endedBy(record: ResultRecord): void {
    this.#tallyOf(record).rollouts += 1;
  }

  /** Most frequent first. */
  failures(): readonly FailureStatistics[] {
    return [...this.#tallies]
      .map(([kind, tally]) => {
        const [failure_class = "", failure_code = ""] = kind.split("/");
        return { failure_class, failure_code, ...tally };
      })
      .toSorted((a, b) => b.attempts - a.attempts);
  }

  #tallyOf({ failure_class, failure_code }: ResultRecord): Tally {
    const kind = `${failure_class ?? "internal"}/${failure_code ?? "internal"}`;
    const tally = this.#tallies.get(kind) ?? { attempts: 0, rollouts: 0, tokens: 0, examples: [] };
    this.#tallies.set(kind, tally);
    return tally;
  }
}

/** Tokens of an attempt; 0 when its endpoint reported none. */
export function tokensOf({ usage }: Pick<ResultRecord, "usage">): number {
  return usage === null ? 0 : usage.prompt_tokens + usage.completion_tokens;
}

/** Examples that say the same are one. */
function isNew(examples: readonly FailureExample[], record: ResultRecord): boolean {
  const told = JSON.stringify([record.failure_reason, record.evidence]);
  const isTold = examples.some((each) => JSON.stringify([each.failure_reason, each.evidence]) === told);
  return examples.length < EXAMPLES && !isTold;
}

function exampleOf(record: ResultRecord): FailureExample {
  const { rollout, item_index, sample_index, attempt, failure_reason, evidence } = record;
  return { rollout, item_index, sample_index, attempt, failure_reason, evidence };
}
