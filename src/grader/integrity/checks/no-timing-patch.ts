import type { IntegrityCheck } from "../integrity-check.ts";
import { scanSources } from "../scan-sources.ts";

const SIGNS = {
  patched_event:
    /\bEvent\s*\.\s*(?:record|elapsed_time|synchronize|query|wait)\s*=(?!=)|\belapsed_time\s*=\s*lambda\b/u,
  patched_synchronize:
    /\bcuda\s*\.\s*(?:synchronize|Event|Stream|current_stream)\s*=(?!=)|\bsetattr\s*\(\s*torch\s*\.\s*cuda\b/u,
  patched_clock:
    /\btime\s*\.\s*(?:time|perf_counter|monotonic|process_time|sleep)(?:_ns)?\s*=(?!=)|\bsetattr\s*\(\s*time\b|\btimeit\s*\.\s*\w+\s*=(?!=)/u,
};

/** Code patches what its time is taken with. */
export const noTimingPatch: IntegrityCheck = {
  needs: "code",
  effect: "zero",
  find: (facts) => scanSources(facts, SIGNS),
};
