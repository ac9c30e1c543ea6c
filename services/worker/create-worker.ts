import { LiveSecrets } from "../../src/config/live-secrets.ts";
import { requestSecrets } from "../../src/config/secrets-client.ts";
import { loadSnapshot } from "../../src/config/snapshot.ts";
import type { Snapshot } from "../../src/config/snapshot.ts";
import type { Bus } from "../../src/bus/port.ts";
import type { Clock } from "../../src/lib/clock.ts";
import { KeyedCache } from "../../src/lib/keyed-cache.ts";
import type { Logger } from "../../src/lib/logger.ts";
import { ModelRuntime } from "../../src/model/model-runtime.ts";
import type { AgentSetup } from "../../src/rollout/agent-setup.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import type { RolloutObserver } from "../../src/rollout/observer.ts";
import { Worker } from "../../src/rollout/worker.ts";
import { createBusClaims } from "../../src/sandbox/bus-claims.ts";
import { UndiciEndpointCaller } from "../../src/grader-http/undici-endpoint-caller.ts";
import type { ModelMetrics } from "../../src/telemetry/metrics-port.ts";
import { createAgentSetup } from "./create-agent-setup.ts";

/** What a worker process is made of. */
export interface WorkerParts {
  readonly bus: Bus;
  readonly id: string;
  readonly slots: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: RolloutObserver;
  readonly modelMetrics: ModelMetrics;
  /** Told of each snapshot that becomes a setup. */
  readonly onSnapshot?: (specHash: string, snapshot: Snapshot) => void;
}

/** A worker with what it owns. */
export interface RunningWorker {
  readonly worker: Worker;
  /** How the model endpoints stand that it calls. */
  readonly endpoints: ModelRuntime["endpoints"];
  /** Closes connections to models and tools; call it after `stop` or `drain`. */
  close(): Promise<void>;
}

/** Setups of jobs that a worker keeps ready. */
const KEPT_SETUPS = 64;

function throttledIn(runtime: ModelRuntime): readonly string[] {
  return runtime.endpoints().flatMap(({ isThrottled, endpoint }) => (isThrottled ? [endpoint] : []));
}

interface KeptSetup {
  readonly setup: AgentSetup;
  readonly secrets: LiveSecrets;
}

/** Composes a worker over a bus and starts it. */
export async function startWorker(parts: WorkerParts): Promise<RunningWorker> {
  const { bus, clock, logger } = parts;
  const runtime = new ModelRuntime({ clock, logger, metrics: parts.modelMetrics });
  const http = new UndiciEndpointCaller();
  const stopping = new AbortController();
  const setups = new KeyedCache<KeptSetup>(KEPT_SETUPS);
  const makeSetup = async (specHash: string): Promise<KeptSetup> => {
    const snapshot = await loadSnapshot(bus, specHash);
    parts.onSnapshot?.(specHash, snapshot);
    const query = { namespace: snapshot.namespace, specHash, jobUid: "", service: "worker" } as const;
    const ask = () => requestSecrets(bus, query, { clock, signal: stopping.signal });
    const secrets = await LiveSecrets.open(ask, clock);
    return { secrets, setup: createAgentSetup(snapshot, secrets, { runtime, http, clock }) };
  };
  const worker = new Worker(
    {
      bus,
      clock,
      ids: randomIds,
      logger,
      observer: parts.observer,
      claims: createBusClaims(bus, clock),
      throttledEndpoints: () => throttledIn(runtime),
      setupFor: async (specHash) => {
        const { setup, secrets } = await setups.get(specHash, () => makeSetup(specHash));
        secrets.touch();
        return setup;
      },
    },
    { id: parts.id, slots: parts.slots },
  );
  await worker.start();
  return {
    worker,
    endpoints: () => runtime.endpoints(),
    close: async () => {
      stopping.abort();
      await Promise.all([runtime.close(), http.close()]);
    },
  };
}
