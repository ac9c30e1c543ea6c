import { loadSnapshot } from "../../src/config/snapshot.ts";
import type { LogStore } from "../../src/bus/port.ts";
import { compileGrader } from "../../src/grader/compile-grader.ts";
import type { GraderSetup, LoadGraderSetup } from "../../src/grader/grader-setup.ts";
import { KeyedCache } from "../../src/lib/keyed-cache.ts";

/** Setups of jobs that a grader keeps ready. */
const KEPT_SETUPS = 64;

/** Makes setups from the snapshots that requests name by hash, each once. */
export function snapshotGraderSetups(store: LogStore): LoadGraderSetup {
  const setups = new KeyedCache<GraderSetup>(KEPT_SETUPS);
  return ({ specHash }) => setups.get(specHash, () => loadSetup(store, specHash));
}

async function loadSetup(store: LogStore, specHash: string): Promise<GraderSetup> {
  const { environmentName, environment } = await loadSnapshot(store, specHash);
  return {
    environment: environmentName,
    graderType: environment.grader.type,
    grader: compileGrader(environment.grader, { passThreshold: environment.passThreshold }),
    hasResponseFormat: environment.responseFormat !== undefined,
    timeLimitMs: environment.limits.gradeSeconds * 1000,
  };
}
