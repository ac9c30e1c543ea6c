import type { CheckNeed, Finding, IntegrityFacts } from "./integrity-check.ts";
import { INTEGRITY_CHECKS } from "./integrity-checks.ts";
import type { CheckName } from "./integrity-checks.ts";

/** A check that hit. */
export interface IntegrityHit extends Finding {
  readonly check: CheckName;
  /** What it does to the reward. */
  readonly effect: "zero" | "flag";
}

/** Runs checks over what is known of a rollout. Pure. */
export function findHits(checks: readonly CheckName[], facts: IntegrityFacts): readonly IntegrityHit[] {
  return checks.flatMap((check) => {
    const { find, effect, needs } = INTEGRITY_CHECKS[check];
    const finding = find(facts) ?? unreadFor(needs, facts);
    return finding === null ? [] : [{ check, effect, ...finding }];
  });
}

/** What keeps a check from its files is a hit: else whoever hides them would be better off than who shows them. */
function unreadFor(needs: CheckNeed, { unread }: IntegrityFacts): Finding | null {
  const isRead = needs === "command" || needs === "assets" || needs === "code";
  return isRead && unread !== null ? { reason: "unread", evidence: { why: unread } } : null;
}

/** The reward after the hits: zero, but never more than it was. */
export function rewardAfter(reward: number, hits: readonly IntegrityHit[]): number {
  return hits.some(({ effect }) => effect === "zero") ? Math.min(0, reward) : reward;
}

/** What results show of a hit among their flags. */
export function flagOf({ check, reason }: IntegrityHit): string {
  return `integrity:${check}:${reason}`;
}

/** The hits' facts, for the outcome's evidence. */
export function evidenceOf(hits: readonly IntegrityHit[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    hits.flatMap(({ check, evidence }) =>
      Object.entries(evidence).map(([name, value]) => [`${check}.${name}`, value]),
    ),
  );
}
