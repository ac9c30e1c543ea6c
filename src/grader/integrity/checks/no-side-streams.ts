import type { IntegrityCheck } from "../integrity-check.ts";
import { scanSources } from "../scan-sources.ts";

const SIGNS = {
  stream:
    /\bcuda\s*\.\s*(?:Stream|stream|ExternalStream|set_stream)\s*\(|\bcudaStreamCreate\w*\s*\(|\bgetStreamFromPool\s*\(/u,
  thread:
    /\b(?:import|from)\s+(?:threading|multiprocessing|concurrent\.futures|asyncio)\b|\bstd\s*::\s*(?:thread|async)\b|\bpthread_create\s*\(/u,
};

/** Work is put where the clock of the measurement does not wait for it. */
export const noSideStreams: IntegrityCheck = {
  needs: "code",
  effect: "zero",
  find: (facts) => scanSources(facts, SIGNS),
};
