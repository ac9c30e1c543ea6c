import type { LogStore } from "../bus/port.ts";
import { getSpec } from "../bus/specs.ts";
import { environmentSchema } from "../environment/environment.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { isJsonObject } from "../lib/json.ts";
import { compileGrader } from "./compile-grader.ts";
import type { GraderSetup, LoadGraderSetup } from "./grader-setup.ts";

/** Setups kept; a service grades few jobs at once. */
const KEPT_SETUPS = 64;

/**
 * Loads setups from the snapshots ({job, environment}, whole documents) that requests name by hash, each once.
 * A failed load is not kept.
 */
export function snapshotSetups(store: LogStore): LoadGraderSetup {
  const kept = new Map<string, Promise<GraderSetup>>();
  return ({ specHash }) => {
    const known = kept.get(specHash);
    if (known !== undefined) return known;
    const loading = loadSetup(store, specHash);
    kept.set(specHash, loading);
    loading.catch(() => kept.delete(specHash));
    const oldest = kept.keys().next();
    if (kept.size > KEPT_SETUPS && oldest.done === false) kept.delete(oldest.value);
    return loading;
  };
}

async function loadSetup(store: LogStore, specHash: string): Promise<GraderSetup> {
  const snapshot = await getSpec(store, specHash);
  const parsed = environmentSchema.safeParse(isJsonObject(snapshot) ? snapshot["environment"] : null);
  if (!parsed.success) {
    throw new RollyardError("grader_config_error", {
      message: "The snapshot holds no Environment that this version of Rollyard knows.",
      details: { path: parsed.error.issues[0]?.path.join(".") ?? "" },
    });
  }
  const { metadata, spec } = parsed.data;
  return {
    environment: metadata.name,
    graderType: spec.grader.type,
    grader: compileGrader(spec.grader, { passThreshold: spec.passThreshold }),
    hasResponseFormat: spec.responseFormat !== undefined,
    timeLimitMs: spec.limits.gradeSeconds * 1000,
  };
}
