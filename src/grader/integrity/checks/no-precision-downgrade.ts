import type { IntegrityCheck } from "../integrity-check.ts";
import { scanSources } from "../scan-sources.ts";

const SIGNS = {
  half: /\.\s*(?:half|bfloat16)\s*\(\s*\)|\b(?:torch|tl)\s*\.\s*(?:float16|bfloat16|half|float8\w*)\b|\b__(?:half2?|nv_bfloat16)\b/u,
  loosened:
    /\ballow_(?:tf32|fp16_reduced_precision_reduction)\s*=\s*True\b|\bset_float32_matmul_precision\s*\(\s*["'](?:medium|high)["']|\bautocast\s*\(/u,
};

/** Kernel tasks in full precision: code computes in less of it. Not for tasks that ask for it. */
export const noPrecisionDowngrade: IntegrityCheck = {
  needs: "code",
  effect: "zero",
  find: (facts) => scanSources(facts, SIGNS),
};
