import type { LogStore, Messenger } from "../../src/bus/port.ts";
import { SecretStore } from "../../src/config/secret-store.ts";
import { requestSecrets } from "../../src/config/secrets-client.ts";
import { loadSnapshot } from "../../src/config/snapshot.ts";
import type { Snapshot } from "../../src/config/snapshot.ts";
import { RollyardError } from "../../src/errors/rollyard-error.ts";
import { compileGrader } from "../../src/grader/compile-grader.ts";
import type { GraderSetup, LoadGraderSetup } from "../../src/grader/grader-setup.ts";
import { KeyedCache } from "../../src/lib/keyed-cache.ts";
import type { Clock } from "../../src/lib/clock.ts";
import type { SecretKeyRef } from "../../src/lib/schema/secret-ref.ts";
import type { ModelRuntime } from "../../src/model/model-runtime.ts";
import { createJudgeModels } from "../../src/model/openai-judge.ts";

/** Setups of jobs that a grader keeps ready. */
const KEPT_SETUPS = 64;

/** What making setups needs. */
export interface SetupDeps {
  readonly bus: LogStore & Messenger;
  readonly clock: Clock;
  /** Aborts when the grader is to end. */
  readonly stopping: AbortSignal;
  /** Sockets and gates to judge models. */
  readonly runtime: ModelRuntime;
}

/** Makes setups from the snapshots that requests name by hash, each once. */
export function snapshotGraderSetups(deps: SetupDeps): LoadGraderSetup {
  const setups = new KeyedCache<GraderSetup>(KEPT_SETUPS);
  return ({ specHash }) => setups.get(specHash, () => loadSetup(specHash, deps));
}

async function loadSetup(specHash: string, deps: SetupDeps): Promise<GraderSetup> {
  const snapshot = await loadSnapshot(deps.bus, specHash);
  const { environmentName, environment } = snapshot;
  const { grader: spec, passThreshold, judges } = environment;
  const secrets = await judgeSecrets(specHash, snapshot, deps);
  const models = createJudgeModels(judges, { runtime: deps.runtime, keyOf: (ref) => keyOf(ref, secrets) });
  return {
    environment: environmentName,
    graderType: spec.type,
    grader: compileGrader(spec, { passThreshold, judges: models }),
    hasResponseFormat: environment.responseFormat !== undefined,
    timeLimitMs: environment.limits.gradeSeconds * 1000,
  };
}

/** Nobody is asked for the secrets of an environment whose judges have none. */
async function judgeSecrets(
  specHash: string,
  { namespace, environment }: Snapshot,
  { bus, clock, stopping }: SetupDeps,
): Promise<SecretStore> {
  const isNeeded = Object.values(environment.judges).some(({ apiKeySecret }) => apiKeySecret !== undefined);
  if (!isNeeded) return new SecretStore([]);
  const query = { namespace, specHash, jobUid: "", service: "grader" } as const;
  return requestSecrets(bus, query, { clock, signal: stopping });
}

function keyOf(reference: SecretKeyRef, secrets: SecretStore): string {
  const secret = secrets.get(reference);
  if (secret !== undefined) return secret.reveal();
  throw new RollyardError("secret_not_found", {
    message: `spec.judges: no key "${reference.key}" of a Secret "${reference.name}" was given.`,
  });
}
