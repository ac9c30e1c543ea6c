import type { IntegrityCheck } from "../integrity-check.ts";
import { scanSources } from "../scan-sources.ts";

const SIGNS = {
  lazy_tensor:
    /\b_make_(?:wrapper_)?subclass\s*\(|\b__torch_(?:dispatch|function)__\b|\bclass\s+\w+\s*\(\s*(?:torch\s*\.\s*)?Tensor\s*\)|\bLazyTensor\b|\bdevice\s*=\s*["'](?:meta|lazy)["']/u,
};

/** What is returned is not a result but a promise of one, computed after the clock has stopped. */
export const noLazyTensors: IntegrityCheck = {
  needs: "code",
  effect: "zero",
  find: (facts) => scanSources(facts, SIGNS),
};
