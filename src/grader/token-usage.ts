import type { TokenUsage } from "../model/port.ts";

/** Tokens that models used for grading, by the `model` that the grader names. */
export type TokensByModel = Readonly<Record<string, TokenUsage>>;

/** Nothing was asked. */
export const NO_TOKENS: TokensByModel = {};

/** Adds up what a grading used, tries that failed too. */
export class TokenLedger {
  readonly #sums = new Map<string, TokenUsage>();

  /** One call's; null when the endpoint does not count. */
  count(model: string, usage: TokenUsage | null): void {
    if (usage === null) return;
    const before = this.#sums.get(model);
    this.#sums.set(model, before === undefined ? usage : sumOf(before, usage));
  }

  get total(): TokensByModel {
    return Object.fromEntries(this.#sums);
  }
}

const SPENT = new WeakMap<object, TokensByModel>();

/** Notes what a grading used that came to this error instead of a reward. */
export function noteSpent(error: unknown, usage: TokensByModel): void {
  if (error instanceof Error && Object.keys(usage).length > 0) SPENT.set(error, usage);
}

/** What the grading used that ended with this error. */
export function spentBefore(error: Error): TokensByModel {
  return SPENT.get(error) ?? NO_TOKENS;
}

function sumOf(left: TokenUsage, right: TokenUsage): TokenUsage {
  return {
    promptTokens: left.promptTokens + right.promptTokens,
    completionTokens: left.completionTokens + right.completionTokens,
    cachedTokens: left.cachedTokens + right.cachedTokens,
    reasoningTokens: left.reasoningTokens + right.reasoningTokens,
  };
}
