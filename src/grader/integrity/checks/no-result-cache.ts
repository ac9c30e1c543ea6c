import type { IntegrityCheck } from "../integrity-check.ts";
import { scanSources } from "../scan-sources.ts";

const SIGNS = {
  pointer_key:
    /\[[^\]\n]{0,200}\bdata_ptr\s*\(|\b(?:key|sig|signature|tag)\w{0,20}\s*=[^\n]{0,200}\bdata_ptr\s*\(|\.\s*get\s*\([^)\n]{0,200}\bdata_ptr\s*\(|\bdata_ptr\s*\(\s*\)\s*(?:==|in\b|not\s+in\b)/u,
  cached_function:
    /@(?:functools\s*\.\s*)?(?:lru_cache|cache)\b[^\n]{0,200}\n\s*def\s+(?:forward|__call__|run|solve|custom_kernel)\b/u,
  cached_result:
    /\breturn\s+(?:self\s*\.\s*)?(?!\w{0,60}(?:kernel|compil|module|config|lib|func|fn|ext)\w{0,60}\s*\[)\w{0,40}(?:cache|memo|last_out|last_result)\w{0,40}\s*(?:\[|$)/imu,
};

/** Kernel tasks: results of an earlier run are given again, by the address of their input or out of a table. */
export const noResultCache: IntegrityCheck = {
  needs: "code",
  effect: "zero",
  find: (facts) => scanSources(facts, SIGNS),
};
