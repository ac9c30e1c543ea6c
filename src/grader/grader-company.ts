import { spreadMs } from "../lib/spread-ms.ts";
import type { CompanyRules } from "../rollout/company.ts";

/** A request that came more often is graded alone: it may be what ends its graders. */
const SUSPECT_DELIVERIES = 10;

const LONGEST_PAUSE_MS = 999;

/** How much speaks against a request; 0 for nothing. Graders have only its deliveries to go by. */
export function suspicionOf(deliveries: number): number {
  return Math.max(0, deliveries - SUSPECT_DELIVERIES);
}

/** All gradings of a process: a suspect begins when nothing else runs, and nothing begins beside it. */
export const GRADER_COMPANY: CompanyRules = {
  widthFor: (suspicion) => (suspicion > 0 ? 1 : Number.POSITIVE_INFINITY),
  leastSuspectedFirst: false,
};

/**
 * Milliseconds, 0 to 999, for which a request lets others go first that came with it; none for one that is not suspected.
 * What ends its grader is then behind every innocent one in one of two lives: the order of the second life is that of the first,
 * turned round. Each two lives have an order of their own, for several that end graders, with an innocent one between them.
 */
export function pauseOf(subject: string, suspicion: number): number {
  if (suspicion === 0) return 0;
  const pair = Math.ceil(suspicion / 2);
  const pauseMs = spreadMs(`${subject} ${pair}`, LONGEST_PAUSE_MS + 1);
  return suspicion % 2 === 1 ? pauseMs : LONGEST_PAUSE_MS - pauseMs;
}
