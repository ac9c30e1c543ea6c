import type { TokenUsage } from "../model/port.ts";

/** Tokens that models used for grading, by the `model` that the grader names. */
export type TokensByModel = Readonly<Record<string, TokenUsage>>;

/** Nothing was asked. */
export const NO_TOKENS: TokensByModel = {};

/** What one call used; nothing when the endpoint does not count. */
export function usageOf(model: string, usage: TokenUsage | null): TokensByModel {
  return usage === null ? NO_TOKENS : { [model]: usage };
}

/** The sums of several. */
export function addTokens(parts: readonly TokensByModel[]): TokensByModel {
  const sums = new Map<string, TokenUsage>();
  for (const [model, usage] of parts.flatMap((part) => Object.entries(part))) {
    const before = sums.get(model);
    sums.set(model, before === undefined ? usage : sumOf(before, usage));
  }
  return Object.fromEntries(sums);
}

function sumOf(left: TokenUsage, right: TokenUsage): TokenUsage {
  return {
    promptTokens: left.promptTokens + right.promptTokens,
    completionTokens: left.completionTokens + right.completionTokens,
    cachedTokens: left.cachedTokens + right.cachedTokens,
    reasoningTokens: left.reasoningTokens + right.reasoningTokens,
  };
}
