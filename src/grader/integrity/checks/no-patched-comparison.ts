import type { IntegrityCheck } from "../integrity-check.ts";
import { scanSources } from "../scan-sources.ts";

const SIGNS = {
  always_equal:
    /\bdef\s+__(?:eq|ne|lt|le|gt|ge|bool|contains)__\s*\([^)]{0,400}\)[^:\n]{0,400}:\s*(?:return\s+)(?:True|False|1|0)\b/u,
  frames:
    /\b_getframe\s*\(|\binspect\s*\.\s*(?:stack|currentframe|trace)\s*\(|\b(?:tb_frame|f_back|f_locals|f_globals)\b/u,
  memory:
    /\bgc\s*\.\s*(?:get_objects|get_referrers)\s*\(|\/proc\/(?:self|\d+|\w*\{?\w*\}?)\/(?:mem|maps|environ|fd)\b/u,
  patched_library:
    /\b(?:torch|np|numpy|math|operator|builtins|unittest|pytest|hmac|json)(?:\s*\.\s*\w+){0,6}\s*\.\s*(?:allclose|isclose|assert_close|assert_allclose|array_equal|equal|eq|isclose|approx|all|any|assertEqual|compare_digest|loads|dumps)\s*=(?!=)/u,
  patched_builtins:
    /\b(?:builtins|__builtins__)\s*(?:\.\s*\w+|\[[^\]]{0,200}\])\s*=(?!=)|\bsetattr\s*\(\s*(?:builtins|sys\s*\.\s*modules)/u,
  mocked: /\breturn_value\s*=\s*True\b|\bmock\s*\.\s*patch(?:\.\w+)?\s*\(/u,
};

/** Code that is no test changes how it is compared, or looks into the process that runs it. */
export const noPatchedComparison: IntegrityCheck = {
  needs: "code",
  effect: "zero",
  find: (facts) => scanSources(facts, SIGNS),
};
