import type { GradeInput } from "../grader/port.ts";
import { sampleFromAttempt } from "../grader/sample-from-attempt.ts";
import { trajectoryFacts } from "../grader/trajectory-facts.ts";
import type { JsonObject } from "../lib/json.ts";
import type { ResultRecord } from "../trajectory/result-record.ts";
import type { TrajectoryRecord } from "../trajectory/trajectory-record.ts";
import { storedAttempt } from "./stored-attempt.ts";

/** What a grader sees of a stored rollout: the very same that it saw when the rollout had stopped. */
export function storedGradeInput(
  result: ResultRecord,
  trajectory: TrajectoryRecord,
  options: { readonly hasResponseFormat: boolean },
): GradeInput {
  const attempt = storedAttempt(trajectory, result.stop_reason);
  const sample = sampleFromAttempt(attempt, options);
  return {
    // It was parsed from JSON.
    item: trajectory.item as JsonObject,
    sample,
    trajectory: trajectoryFacts(attempt, sample.output_text),
    attempt: { rolloutId: result.rollout, traceId: result.trace_id, attempt: result.attempt },
  };
}
