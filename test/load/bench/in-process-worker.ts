import { createAgentSetup } from "../../../services/worker/create-agent-setup.ts";
import type { RunningWorker, WorkerParts } from "../../../services/worker/create-worker.ts";
import { loadSnapshot } from "../../../src/config/snapshot.ts";
import { LiveSecrets } from "../../../src/config/live-secrets.ts";
import { SecretStore } from "../../../src/config/secret-store.ts";
import { UndiciEndpointCaller } from "../../../src/grader-http/undici-endpoint-caller.ts";
import { KeyedCache } from "../../../src/lib/keyed-cache.ts";
import { ModelRuntime } from "../../../src/model/model-runtime.ts";
import type { AgentSetup, ToolRunner } from "../../../src/rollout/agent-setup.ts";
import { randomIds } from "../../../src/rollout/ids.ts";
import { Worker } from "../../../src/rollout/worker.ts";
import { createBusClaims } from "../../../src/sandbox/bus-claims.ts";
import { echo } from "./load.ts";

/** The product's worker, but for the tool: a function of this process, and no sandbox is claimed. */
export async function startInProcessWorker(parts: WorkerParts): Promise<RunningWorker> {
  const { bus, clock, logger, observer, id, slots } = parts;
  const runtime = new ModelRuntime({ clock, logger, metrics: parts.modelMetrics });
  const http = new UndiciEndpointCaller();
  const setups = new KeyedCache<AgentSetup>(1);
  const makeSetup = async (specHash: string): Promise<AgentSetup> => {
    const snapshot = await loadSnapshot(bus, specHash);
    const secrets = await LiveSecrets.open(() => Promise.resolve(new SecretStore([])), clock);
    const setup = createAgentSetup(snapshot, secrets, { runtime, http, clock });
    return { ...setup, needsSandbox: false, runTool: inProcessTool(clock.nowMs) };
  };
  const setupFor = (specHash: string): Promise<AgentSetup> => setups.get(specHash, () => makeSetup(specHash));
  const claims = createBusClaims(bus, clock);
  const worker = new Worker(
    { bus, clock, ids: randomIds, logger, observer, claims, setupFor },
    { id, slots },
  );
  await worker.start();
  const endpoints: RunningWorker["endpoints"] = () => runtime.endpoints();
  return { worker, endpoints, close: async () => void (await Promise.all([runtime.close(), http.close()])) };
}

function inProcessTool(nowMs: () => number): ToolRunner {
  return async ({ call }) => {
    const startedAtMs = nowMs();
    const output = echo(call.argumentsJson);
    return {
      output,
      result: "ok",
      exitCode: 0,
      startedAtMs,
      durationMs: nowMs() - startedAtMs,
      timedOut: false,
      outOfMemory: false,
      truncatedBytes: 0,
      replayed: false,
    };
  };
}
