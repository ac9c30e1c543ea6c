import type { CompanyRules } from "../rollout/company.ts";

/** A request that came more often is graded alone: it may be what ends its graders. */
const SUSPECT_DELIVERIES = 10;

/** How much speaks against a request; 0 for nothing. Graders have only its deliveries to go by. */
export function suspicionOf(deliveries: number): number {
  return Math.max(0, deliveries - SUSPECT_DELIVERIES);
}

/** All gradings of a process: a suspect begins when nothing else runs, and nothing begins beside it. */
export const GRADER_COMPANY: CompanyRules = {
  widthFor: (suspicion) => (suspicion > 0 ? 1 : Number.POSITIVE_INFINITY),
  leastSuspectedFirst: false,
};
