import type { JsonObject } from "../lib/json.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";

const RANGES = /^\d+(-\d+)?(,\d+(-\d+)?)*$/;

/** Ranges in `spec.indexes` of a job that are upside down or reach beyond its rollouts. */
export function indexProblems(spec: JsonObject, items: number): SpecProblem[] {
  const { indexes, samplesPerItem = 1 } = spec;
  if (typeof indexes !== "string" || typeof samplesPerItem !== "number" || !RANGES.test(indexes)) return [];
  const total = items * samplesPerItem;
  return indexes.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    const path = ["spec", "indexes"];
    if (first > last) return [{ path, message: `range ${range} ends before it begins` }];
    if (last < total) return [];
    return [{ path, message: `range ${range} reaches beyond the job's ${total} rollouts` }];
  });
}
