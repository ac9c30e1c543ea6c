import { Environments } from "../../../src/controller/environment/environments.ts";
import { EventRecorder } from "../../../src/kube/control/event-recorder.ts";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import type { KubeCredentials } from "../../../src/kube/transport/kube-credentials.ts";
import { createKubeTransport } from "../../../src/kube/transport/https-kube-transport.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { randomIds } from "../../../src/rollout/ids.ts";
import { MemoryBroker } from "./memory-broker.ts";

/** The Environments of a namespace, served by {@link MemoryBroker}s. */
export interface EnvironmentsWorld {
  readonly environments: Environments;
  /** By the Environment's name; the last one that was started. */
  readonly brokers: ReadonlyMap<string, MemoryBroker>;
  /** Ends all; brokers are told to hand over. */
  stop(): Promise<void>;
}

/** Starts to keep the Environments of a namespace, and waits for the first lists. */
export async function startEnvironments(
  credentials: KubeCredentials,
  namespace: string,
): Promise<EnvironmentsWorld> {
  const transport = createKubeTransport(credentials, { timeoutMs: 5000 });
  const client = new KubeClient(transport);
  const brokers = new Map<string, MemoryBroker>();
  const common = { client, clock: systemClock, logger: silentLogger };
  const events = new EventRecorder({ ...common, instance: "test", newId: () => randomIds.shortUid() });
  const environments = new Environments({
    ...common,
    transport,
    namespace,
    events,
    random: Math.random,
    policySettings: {
      clients: { namespace: "rollyard-system", components: ["worker", "gateway", "grader"] },
      port: 8321,
      nameservers: ["1.1.1.1"],
      blockedRanges: [],
    },
    startBroker: (environment, isDraining) => {
      const broker = new MemoryBroker(environment, isDraining);
      brokers.set(environment.name, broker);
      return Promise.resolve(broker);
    },
  });
  const end = new AbortController();
  await environments.start(end.signal);
  return {
    environments,
    brokers,
    stop: async () => {
      end.abort();
      await environments.stop({ handOver: true });
      await events.flush();
      await transport.close();
    },
  };
}
