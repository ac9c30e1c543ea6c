import { GRADER_TRIES } from "./retry-decision.ts";
import type { SubGraderSpec } from "./schema.ts";

/** What a process lets one grader do. */
export interface GraderLimits {
  /** Runs at once; default no limit of its own. */
  readonly concurrency?: number | undefined;
  /** Runs begun in a second; default no limit of its own. */
  readonly requestsPerSecond?: number | undefined;
  /** Tries of one that ran and failed; waits are none. Default {@link GRADER_TRIES}. */
  readonly tries?: number | undefined;
}

/** One grader of an Environment's grader block. */
export interface GraderNode {
  /** Its key inside a `multi`; else its name, or its type where it has none. */
  readonly key: string;
  readonly type: SubGraderSpec["type"];
  /** Its author's own limit, in runs begun in a second. */
  readonly rateLimit?: number | undefined;
}

/** The limits that a process is configured with. */
export interface ConfiguredLimits {
  /** Of each grader of a type. */
  readonly byType: Readonly<Partial<Record<SubGraderSpec["type"], GraderLimits>>>;
  /** Of graders by key, or by `<namespace>/<environment>/<key>`. */
  readonly byName: Readonly<Record<string, GraderLimits>>;
}

/** Nothing is limited. */
export const NO_LIMITS: ConfiguredLimits = { byType: {}, byName: {} };

/** Limits that are in force. */
export type LimitsInForce = Omit<GraderLimits, "tries"> & { readonly tries: number };

/** What holds for one grader: the narrower a setting's place the more it counts. An author's own rate is never exceeded. */
export function limitsOf(
  { key, type, rateLimit }: GraderNode,
  environment: string,
  { byType, byName }: ConfiguredLimits,
): LimitsInForce {
  const named = [byName[`${environment}/${key}`], byName[key], byType[type]];
  const first = (field: keyof GraderLimits): number | undefined =>
    named.map((limits) => limits?.[field]).find((value) => value !== undefined);
  const rates = [first("requestsPerSecond"), rateLimit].filter((rate) => rate !== undefined);
  return {
    concurrency: first("concurrency"),
    requestsPerSecond: rates.length === 0 ? undefined : Math.min(...rates),
    tries: first("tries") ?? GRADER_TRIES,
  };
}
