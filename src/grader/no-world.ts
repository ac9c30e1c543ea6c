import { RollyardError } from "../errors/rollyard-error.ts";
import type { Clock } from "../lib/clock.ts";
import { stayIn } from "./grading-stay.ts";
import type { GradeDeps } from "./port.ts";
import type { GraderSpec, SubGraderSpec } from "./schema.ts";

/** Types that compute a score from what they are given, and ask nobody. */
const COMPUTING: ReadonlySet<string> = new Set([
  "string_check",
  "text_similarity",
  "set_match",
  "trajectory",
]);

/** The types within a grader that need a sandbox, an endpoint or a model; none for one that can run anywhere. */
export function worldlyTypes(spec: GraderSpec): readonly string[] {
  const parts: readonly (GraderSpec | SubGraderSpec)[] =
    spec.type === "multi" ? Object.values(spec.graders) : [spec];
  const types = parts.flatMap((part) => {
    if (part.type === "text_similarity" && part.evaluation_metric === "cosine")
      return ["text_similarity (cosine)"];
    return COMPUTING.has(part.type) ? [] : [part.type];
  });
  return [...new Set(types)];
}

/** What a grader without any {@link worldlyTypes} is run with. */
export function depsWithoutWorld(clock: Clock, signal: AbortSignal): GradeDeps {
  return {
    clock,
    signal,
    cleanSandbox: { use: () => Promise.reject(none()), close: async () => undefined },
    agentFiles: { take: () => Promise.reject(none()) },
    endpointCaller: { post: () => Promise.reject(none()) },
    nonce: () => "",
    timeLimitMs: 60_000,
    spend: () => undefined,
    countTokens: () => undefined,
    waitOut: () => Promise.reject(none()),
    stay: stayIn,
  };
}

function none(): RollyardError {
  return new RollyardError("grader_config_error", {
    message: "Here are no sandboxes, endpoints and models for graders.",
  });
}
