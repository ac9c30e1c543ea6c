import type { Bus } from "../../src/bus/port.ts";
import type { EnvironmentBroker, StartBroker } from "../../src/controller/environment/environment-broker.ts";
import type { ReadyEnvironment } from "../../src/controller/environment/ready-environment.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import type { Clock } from "../../src/lib/clock.ts";
import type { Logger } from "../../src/lib/logger.ts";
import type { AttemptRef } from "../../src/rollout/attempt-ref.ts";
import { SandboxBroker } from "../../src/sandbox/broker.ts";
import { serveReleases } from "../../src/sandbox/sandbox-releases.ts";
import { graderSandboxSpec } from "../../src/sandbox/grader-sandbox-spec.ts";
import { KubernetesLauncher } from "../../src/sandbox/launchers/kubernetes/kubernetes-launcher.ts";
import type { NodeCache } from "../../src/sandbox/launchers/kubernetes/node-cache.ts";
import type { PodCache } from "../../src/sandbox/launchers/kubernetes/pod-cache.ts";
import type { Purpose } from "../../src/sandbox/purpose.ts";
import type { SandboxNeed } from "../../src/sandbox/sandbox-need.ts";
import type { SigningKeySet } from "../../src/sandbox/signing-keys.ts";
import type { SandboxMetrics } from "../../src/telemetry/sandbox-metrics.ts";

/** What the brokers of all Environments share. */
export interface BrokerStarterOptions {
  readonly client: KubeClient;
  readonly bus: Bus;
  readonly pods: PodCache;
  readonly nodes: NodeCache;
  readonly keys: SigningKeySet;
  readonly sandboxdImage: string;
  readonly nameservers: readonly string[];
  readonly needOf: (ref: AttemptRef, purpose: Purpose) => SandboxNeed | null;
  /** Resolves when all jobs are known, with who still lives. */
  readonly jobsKnown: Promise<(ref: AttemptRef) => boolean>;
  readonly metrics: SandboxMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Makes the brokers of Environments over pods: each with its launcher, and with what drivers give back. */
export function brokerStarter(options: BrokerStarterOptions): StartBroker {
  return async (environment, isDraining) => {
    const { bus, jobsKnown, metrics } = options;
    const launcher = newLauncher(environment, options);
    const broker = new SandboxBroker({
      ...options,
      launcher,
      namespace: environment.namespace,
      environmentUid: environment.uid,
      localFolder: null,
      observer: metrics.observer,
      ...sandboxesOf(environment, isDraining),
    });
    await broker.start();
    const place = { namespace: environment.namespace, environmentUid: environment.uid };
    const releases = await serveReleases(bus, place, (ref) => broker.release(ref, ["agent"]));
    const unwatch = metrics.watch(environment.name, () => broker.snapshot());
    void jobsKnown.then((isLive) => broker.retireUnless(isLive));
    return {
      update: (changed, drains) => broker.update(sandboxesOf(changed, drains)),
      release: (ref) => broker.release(ref),
      snapshot: () => broker.snapshot(),
      stop: async ({ handOver }) => {
        unwatch();
        await releases.stop();
        await broker.stop({ handOver });
        await launcher.close();
      },
    } satisfies EnvironmentBroker;
  };
}

function newLauncher(
  { namespace, name, objectUid }: ReadyEnvironment,
  options: BrokerStarterOptions,
): KubernetesLauncher {
  return new KubernetesLauncher({ ...options, namespace, environment: { name, uid: objectUid } });
}

/** What the broker is to make: none ahead of need when the Environment goes. */
function sandboxesOf({ spec }: ReadyEnvironment, isDraining: boolean) {
  const sandbox = isDraining ? { ...spec.sandbox, warmReplicas: 0 } : spec.sandbox;
  return {
    spec: sandbox,
    graderSpec: graderSandboxSpec(sandbox, spec.graderRuntime?.image),
    replacesLost: spec.recovery.mode === "replay",
  };
}
