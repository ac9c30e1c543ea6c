import { Registry } from "prom-client";
import { FakeBus } from "../../test/support/bus/fake-bus.ts";
import { describeEnvironmentBroker } from "../../test/support/controller/broker-contract.ts";
import type { BrokerStart } from "../../test/support/controller/broker-contract.ts";
import { MemoryBroker } from "../../test/support/controller/memory-broker.ts";
import { ScriptedTransport } from "../../test/support/kube/scripted-transport.ts";
import { ServedSnapshots } from "../../src/controller/environment/served-snapshots.ts";
import { KubeClient } from "../../src/kube/kube-client.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { silentLogger } from "../../src/lib/logger.ts";
import { NodeCache } from "../../src/sandbox/launchers/kubernetes/node-cache.ts";
import { PodCache } from "../../src/sandbox/launchers/kubernetes/pod-cache.ts";
import { generateSigningKeys } from "../../src/sandbox/signing-keys.ts";
import { MetricMaker } from "../../src/telemetry/metric-makers.ts";
import { noMetrics } from "../../src/telemetry/metrics-port.ts";
import { createSandboxMetrics } from "../../src/telemetry/sandbox-metrics.ts";
import { brokerStarter } from "./broker-starter.ts";

/** Over pods of an API server that nobody asks for any. */
async function overPods(): Promise<BrokerStart> {
  const transport = new ScriptedTransport(systemClock, []);
  const client = new KubeClient(transport);
  const bus = new FakeBus({ replicas: 1 }).connect("controller");
  await bus.ensureStreams();
  const common = { client, transport, clock: systemClock, logger: silentLogger, random: Math.random };
  const start = brokerStarter({
    ...common,
    bus,
    pods: new PodCache(common),
    nodes: new NodeCache(common),
    keys: generateSigningKeys(),
    sandboxdImage: "registry.example/sandboxd:1",
    nameservers: [],
    needOf: () => null,
    jobsKnown: Promise.resolve(() => false),
    metrics: createSandboxMetrics(new MetricMaker(new Registry())),
    outcomeMetrics: noMetrics,
    served: new ServedSnapshots(),
  });
  return { start, close: () => bus.close() };
}

describeEnvironmentBroker("over pods", overPods);
describeEnvironmentBroker("of tests", () =>
  Promise.resolve({
    start: (environment, isDraining) => Promise.resolve(new MemoryBroker(environment, isDraining)),
    close: () => Promise.resolve(),
  }),
);
