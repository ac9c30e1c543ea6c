import { compileCommand } from "./command/command.ts";
import { compileEndpoint } from "./endpoint.ts";
import type { GraderContext } from "./grader-context.ts";
import { gatedScorer } from "./grader-gate.ts";
import { compileJudgeVeto } from "./judge-veto.ts";
import { compileLabelModel } from "./label-model.ts";
import { compilePython } from "./python.ts";
import { retryingScorer } from "./retrying-scorer.ts";
import type { SubGraderSpec } from "./schema.ts";
import { compileScoreModel } from "./score-model.ts";
import type { Scorer } from "./scorer.ts";
import { compileSetMatch } from "./set-match.ts";
import { compileStringCheck } from "./string-check.ts";
import { compileTextSimilarity } from "./text-similarity.ts";
import { compileTrajectory } from "./trajectory.ts";

type KindName = SubGraderSpec["type"];
type SpecOf<Kind extends KindName> = Extract<SubGraderSpec, { type: Kind }>;

/** One kind of grader. A new one is a schema, a row of {@link GRADER_KINDS}, and its tests. */
interface GraderKind<Spec> {
  /** Whether it needs the world (a sandbox, an endpoint): then its failures are tried again and its limits hold. */
  readonly reachesOut: boolean;
  /** Throws class config for a spec that can never work. */
  readonly compile: (spec: Spec, context: GraderContext) => Scorer;
}

/** Every kind that may stand inside a `multi`. */
const GRADER_KINDS: { readonly [Kind in KindName]: GraderKind<SpecOf<Kind>> } = {
  string_check: { reachesOut: false, compile: compileStringCheck },
  text_similarity: { reachesOut: true, compile: compileTextSimilarity },
  label_model: { reachesOut: true, compile: compileLabelModel },
  score_model: { reachesOut: true, compile: compileScoreModel },
  python: { reachesOut: true, compile: compilePython },
  endpoint: { reachesOut: true, compile: compileEndpoint },
  set_match: { reachesOut: false, compile: compileSetMatch },
  command: { reachesOut: true, compile: compileCommand },
  trajectory: { reachesOut: false, compile: compileTrajectory },
  judge_veto: { reachesOut: true, compile: compileJudgeVeto },
};

/** Makes the inside of a grader, known by its key, from its spec. Throws class config, as each kind says. */
export function compileScorer(key: string, spec: SubGraderSpec, context: GraderContext): Scorer {
  // A row takes the specs of its own key, which types can't follow through a look-up.
  const kind = GRADER_KINDS[spec.type] as GraderKind<SubGraderSpec>;
  const scorer = kind.compile(spec, context);
  if (!kind.reachesOut) return scorer;
  const rateLimit = spec.type === "endpoint" ? spec.rate_limit : undefined;
  const gate = context.gateOf({ key, type: spec.type, rateLimit });
  return retryingScorer(gatedScorer(scorer, gate), gate.tries);
}
