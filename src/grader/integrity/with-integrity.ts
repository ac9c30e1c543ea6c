import { finiteReward } from "../finite-reward.ts";
import type { GraderAssets } from "../command/grader-file.ts";
import type { GradeDeps, GradeInput } from "../port.ts";
import type { GraderSpec } from "../schema.ts";
import type { Score, Scorer } from "../scorer.ts";
import { assetCopyPaths } from "./asset-copy-paths.ts";
import { evidenceOf, findHits, flagOf, rewardAfter } from "./apply-integrity.ts";
import type { IntegrityHit } from "./apply-integrity.ts";
import { gatherFacts } from "./gather-facts.ts";

/** A score after its checks. */
export interface CheckedScore extends Score {
  /** As they were before the checks. */
  readonly subRewards: Readonly<Record<string, number>>;
  readonly hits: readonly IntegrityHit[];
  /** Facts of the hits. */
  readonly evidence: Readonly<Record<string, string>>;
}

/** Scores, then runs the checks of the grader's `integrity` over the rollout. A grader that fails is not checked. */
export function scoreWithIntegrity({
  spec,
  scorer,
  assets,
}: {
  readonly spec: GraderSpec;
  readonly scorer: Scorer;
  readonly assets: GraderAssets;
}): (input: GradeInput, deps: GradeDeps) => Promise<CheckedScore> {
  const checks = [...new Set(spec.integrity ?? [])];
  const copyPaths = assetCopyPaths(spec, assets);
  return async (input, deps) => {
    const score = await scorer.score(input, deps);
    const scored = finiteReward(score.reward, scorer);
    const subRewards = score.subRewards ?? { [scorer.name]: scored };
    if (checks.length === 0) return { ...score, subRewards, hits: [], evidence: {} };
    const facts = await gatherFacts({ input, commands: score.commands ?? [], copyPaths }, deps);
    const hits = findHits(checks, facts);
    return {
      ...score,
      subRewards,
      reward: rewardAfter(scored, hits),
      flags: [...score.flags, ...hits.map(flagOf)],
      hits,
      evidence: evidenceOf(hits),
    };
  };
}
