import type { IntegrityCheck } from "../integrity-check.ts";
import { scanSources } from "../scan-sources.ts";

const SIGNS = {
  caught: /^[^\S\n]*except\b[^\n:]*:/mu,
  inherited: /^[^\S\n]*class\s+\w+\s*\(\s*(?:Model|Reference\w*|Base\w*Model)\s*\)\s*:\s*(?:pass\b|\.\.\.)/mu,
};

/** Kernel tasks: code falls back on something else when its own fails, or is nothing but the reference. */
export const noFallback: IntegrityCheck = {
  needs: "code",
  effect: "zero",
  find: (facts) => scanSources(facts, SIGNS),
};
