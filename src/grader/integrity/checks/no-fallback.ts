import type { IntegrityCheck } from "../integrity-check.ts";
import { scanSources } from "../scan-sources.ts";

const SIGNS = {
  caught: /^[^\S\n]*except\b[^\n:]*:/mu,
  inherited:
    /^[^\S\n]*class\s+\w+\s*\(\s*(?:Model|Reference\w*|Base\w*Model|(?:torch\s*\.\s*)?nn\s*\.\s*Module)\s*\)\s*:\s*(?:pass\b|\.\.\.)/mu,
  empty_body: /\bdef\s+(?:forward|__call__)\s*\([^)]{0,400}\)[^:\n]{0,200}:\s*(?:pass\b|\.\.\.)/u,
  reference:
    /\bsuper\s*\([^)\n]{0,100}\)\s*\.\s*(?:forward|__call__)\s*\(|\b(?:from|import)\s+reference\b|\breference_(?:model|forward|impl|kernel)\s*\(|\b(?:Model|RefModel|ReferenceModel)\s*\([^)\n]{0,100}\)\s*\(/u,
};

/** Kernel tasks: code falls back on something else when its own fails, or is nothing but the reference. */
export const noFallback: IntegrityCheck = {
  needs: "code",
  effect: "zero",
  find: (facts) => scanSources(facts, SIGNS),
};
