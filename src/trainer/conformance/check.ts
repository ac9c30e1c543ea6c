import type { ConformanceBench } from "./conformance-bench.ts";

/** How an endpoint stands to one rule: only `fail` counts against it. */
export type Verdict =
  | "pass"
  /** Allowed, but a trainer fares better otherwise. */
  | "warn"
  | "fail"
  /** Nothing speaks against it, and the given call can't prove it. */
  | "unproven"
  /** The rule needs something that was not given. */
  | "skipped";

/** A verdict with what was seen, in a sentence; of a body no more than what a refusal says is wrong. */
export interface Finding {
  readonly verdict: Verdict;
  readonly evidence: string;
}

/** Where a rule comes from. */
export type RuleBasis =
  /** The platforms' documents say so. */
  | "documented"
  /** It follows from what they document: who retries has to be answered alike. */
  | "derived";

/** One rule of the contract, and how to try it. */
export interface ConformanceCheck {
  /** `tools.…` or `grader.…`; stable. */
  readonly name: string;
  /** The rule in a sentence. */
  readonly rule: string;
  readonly basis: RuleBasis;
  run(bench: ConformanceBench): Promise<Finding>;
}

/** What a check said of an endpoint. */
export interface CheckResult extends Finding {
  readonly check: string;
  readonly rule: string;
  readonly basis: RuleBasis;
}

/** A {@link Finding} of a verdict. */
export const pass = (evidence: string): Finding => ({ verdict: "pass", evidence });
export const warn = (evidence: string): Finding => ({ verdict: "warn", evidence });
export const fail = (evidence: string): Finding => ({ verdict: "fail", evidence });
export const unproven = (evidence: string): Finding => ({ verdict: "unproven", evidence });
export const skipped = (evidence: string): Finding => ({ verdict: "skipped", evidence });
