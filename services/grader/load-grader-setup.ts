import type { LogStore, Messenger } from "../../src/bus/port.ts";
import { liveKey } from "../../src/config/live-key.ts";
import { LiveSecrets } from "../../src/config/live-secrets.ts";
import { SecretStore } from "../../src/config/secret-store.ts";
import { requestSecrets } from "../../src/config/secrets-client.ts";
import { decodeAssets } from "../../src/config/snapshot-assets.ts";
import { loadSnapshot } from "../../src/config/snapshot.ts";
import type { Snapshot } from "../../src/config/snapshot.ts";
import { resolveTools } from "../../src/environment/tool-definitions.ts";
import { agentFilePaths } from "../../src/grader/agent-file-paths.ts";
import { compileGrader } from "../../src/grader/compile-grader.ts";
import type { GraderGates } from "../../src/grader/grader-gates.ts";
import type { GraderSetup, LoadGraderSetup } from "../../src/grader/grader-setup.ts";
import { KeyedCache } from "../../src/lib/keyed-cache.ts";
import type { Clock } from "../../src/lib/clock.ts";
import type { ModelRuntime } from "../../src/model/model-runtime.ts";
import { createJudgeModels } from "../../src/model/openai-judge.ts";

/** Setups of jobs that a grader keeps ready. */
const KEPT_SETUPS = 64;

/** What making setups needs. */
export interface SetupDeps {
  readonly bus: LogStore & Messenger;
  /** Of the graders of every environment. */
  readonly gates: GraderGates;
  readonly clock: Clock;
  /** Aborts when the grader is to end. */
  readonly stopping: AbortSignal;
  /** Sockets and gates to judge models. */
  readonly runtime: ModelRuntime;
}

/** Makes setups from the snapshots that requests name by hash, each once. */
export function snapshotGraderSetups(deps: SetupDeps): LoadGraderSetup {
  const setups = new KeyedCache<KeptSetup>(KEPT_SETUPS);
  return async ({ specHash }) => {
    const { setup, secrets } = await setups.get(specHash, () => loadSetup(specHash, deps));
    secrets.touch();
    return setup;
  };
}

interface KeptSetup {
  readonly setup: GraderSetup;
  readonly secrets: LiveSecrets;
}

async function loadSetup(specHash: string, deps: SetupDeps): Promise<KeptSetup> {
  const snapshot = await loadSnapshot(deps.bus, specHash);
  const { namespace, environmentName, environment, graderAssets } = snapshot;
  const { grader: spec, passThreshold, judges } = environment;
  const secrets = await judgeSecrets(specHash, snapshot, deps);
  const tools = resolveTools(environment).map(({ name }) => name);
  const models = createJudgeModels(judges, {
    runtime: deps.runtime,
    keyOf: (ref) => liveKey(ref, secrets, "spec.judges"),
  });
  const assets = decodeAssets(graderAssets);
  const setup: GraderSetup = {
    environment: environmentName,
    graderType: spec.type,
    grader: compileGrader(spec, {
      passThreshold,
      judges: models,
      tools,
      gateOf: deps.gates.of(`${namespace}/${environmentName}`),
      assets,
    }),
    agentFilePaths: agentFilePaths(spec, assets),
    hasResponseFormat: environment.responseFormat !== undefined,
    timeLimitMs: environment.limits.gradeSeconds * 1000,
  };
  return { setup, secrets };
}

/** Nobody is asked for the secrets of an environment whose judges have none. */
async function judgeSecrets(
  specHash: string,
  { namespace, environment }: Snapshot,
  { bus, clock, stopping }: SetupDeps,
): Promise<LiveSecrets> {
  const isNeeded = Object.values(environment.judges).some(({ apiKeySecret }) => apiKeySecret !== undefined);
  const query = { namespace, specHash, jobUid: "", service: "grader" } as const;
  const ask = (): Promise<SecretStore> =>
    isNeeded ? requestSecrets(bus, query, { clock, signal: stopping }) : Promise.resolve(new SecretStore([]));
  return LiveSecrets.open(ask, clock);
}
