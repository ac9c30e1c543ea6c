import { join } from "node:path";
import { ensureAgentSandbox } from "../../../scripts/lib/agent-sandbox.mjs";
import { findPlaces } from "../../../scripts/lib/places.mjs";
import type { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { ClusterProcess } from "../../support/cluster/cluster-process.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { freePort } from "../../support/lib/free-port.ts";
import type { Closers } from "../bench/closers.ts";
import { benchPodSpec } from "../kube/bench-pod.ts";
import { commandText } from "./command-text.ts";
import type { Contender } from "./contender.ts";
import { manyAtOnce } from "./many-at-once.ts";
import { untilAllReady, untilPods, untilPodsRun } from "./until-pods.ts";
import { isConditionReady, UnitWatch } from "./unit-watch.ts";
import { written } from "./written.ts";

/** Its pool, and the flags of its controller beside those that a control plane on loopback asks for. */
export interface AgentSandboxOptions {
  readonly units: number;
  readonly pool: number;
  readonly flags: readonly string[];
}

/** What its own guide recommends for high scale: examples/agent-sandbox-rl/README.md of v1.0.3. */
export const HIGH_SCALE_FLAGS: readonly string[] = [
  "--sandbox-concurrent-workers=1000",
  "--sandbox-claim-concurrent-workers=1000",
  "--sandbox-warm-pool-concurrent-workers=100",
  "--sandbox-template-concurrent-workers=1000",
  "--sandbox-warm-pool-max-batch-size=1000",
];

const EXTENSIONS = { group: "extensions.agents.x-k8s.io", version: "v1beta1" };
const CLAIMS = { ...EXTENSIONS, plural: "sandboxclaims" };
const API_VERSION = "extensions.agents.x-k8s.io/v1beta1";
const NAME = "peer";
const HERE = { namespace: "default" };

/** Claims against a SandboxWarmPool of agent-sandbox; each is one SandboxClaim. */
export class AgentSandboxContender implements Contender {
  readonly pool: number;
  poolAskedAtMs = 0;
  readonly #world: ClusterWorld;
  readonly #closers: Closers;
  readonly #options: AgentSandboxOptions;
  #controller: ClusterProcess | null = null;
  #claims: UnitWatch | null = null;
  #version = "";

  constructor(world: ClusterWorld, closers: Closers, options: AgentSandboxOptions) {
    this.#world = world;
    this.#closers = closers;
    this.#options = options;
    this.pool = options.pool;
  }

  get processes(): Readonly<Record<string, readonly number[]>> {
    return { controller: [this.#controller?.pid ?? 0] };
  }

  get command(): string | null {
    return this.#controller === null ? null : `${commandText(this.#controller.command)} (${this.#version})`;
  }

  async prepare(): Promise<void> {
    const world = this.#world;
    const { controller, crds, version } = await ensureAgentSandbox(findPlaces());
    this.#version = version;
    await world.kubectl(["apply", "--server-side", "-f", crds]);
    const names = [
      "sandboxes.agents.x-k8s.io",
      ...["sandboxclaims", "sandboxtemplates", "sandboxwarmpools"].map(
        (plural) => `${plural}.${EXTENSIONS.group}`,
      ),
    ];
    // It ends when a kind of its own is not served yet.
    await world.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "crd", ...names]);
    await this.#startController(controller);
    await world.kubectl(["create", "-f", "-"], template());
    this.poolAskedAtMs = performance.now();
    await world.kubectl(["create", "-f", "-"], warmPool(this.pool));
    const { transport } = world.whole;
    this.#claims = new UnitWatch(transport, CLAIMS, isConditionReady);
    this.#closers.add(async () => this.#claims?.stop());
    await this.#claims.start();
  }

  async get(): Promise<readonly number[]> {
    const { client } = this.#world.whole;
    const requestedAtMs = new Map<string, number>();
    await manyAtOnce(this.#options.units, async (index) => {
      requestedAtMs.set(`default/peer-${index}`, performance.now());
      await written(client.createLean(CLAIMS, HERE, claim(index)));
    });
    if (this.#claims === null) throw new Error("it was not prepared");
    return untilAllReady(this.#claims, requestedAtMs);
  }

  untilSettled(pods: UnitWatch): Promise<void> {
    return untilPodsRun(pods, this.#options.units + this.pool);
  }

  async giveBack(): Promise<void> {
    const { client } = this.#world.whole;
    await manyAtOnce(this.#options.units, (index) =>
      written(client.delete(CLAIMS, { ...HERE, name: `peer-${index}` })),
    );
  }

  async cleanUp(pods: UnitWatch): Promise<void> {
    this.#claims?.stop();
    await this.#world.kubectl(["delete", "--timeout=120s", `sandboxwarmpools.${EXTENSIONS.group}`, NAME]);
    await untilPods(pods, 0);
    await this.#world.kubectl(["delete", "--timeout=120s", `sandboxtemplates.${EXTENSIONS.group}`, NAME]);
    await this.#controller?.stop();
  }

  async #startController(program: string): Promise<void> {
    const { folder, plane } = this.#world.whole;
    const [metrics, probes] = await Promise.all([freePort(), freePort()]);
    const command = [
      program,
      ...["--kubeconfig", plane.kubeconfigFile, "--extensions", "--leader-elect=false"],
      ...[
        "--metrics-bind-address",
        `127.0.0.1:${metrics}`,
        "--health-probe-bind-address",
        `127.0.0.1:${probes}`,
      ],
      ...this.#options.flags,
    ];
    const controller = new ClusterProcess("agent-sandbox", command, join(folder, "agent-sandbox.log"));
    this.#controller = controller;
    this.#closers.add(() => controller.stop());
    await controller.start();
    const isUp = (): Promise<boolean> =>
      fetch(`http://127.0.0.1:${probes}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    await eventually(isUp, (up) => up).catch(async (error: unknown) => {
      throw new Error(`agent-sandbox's controller does not get ready: ${await controller.lastWords()}`, {
        cause: error,
      });
    });
  }
}

function template(): object {
  return {
    apiVersion: API_VERSION,
    kind: "SandboxTemplate",
    metadata: { ...HERE, name: NAME },
    // No NetworkPolicies: nothing here enforces any, and Rollyard has one for all.
    spec: { networkPolicyManagement: "Unmanaged", podTemplate: { spec: benchPodSpec() } },
  };
}

function warmPool(replicas: number): object {
  return {
    apiVersion: API_VERSION,
    kind: "SandboxWarmPool",
    metadata: { ...HERE, name: NAME },
    spec: { replicas, sandboxTemplateRef: { name: NAME } },
  };
}

function claim(index: number): object {
  return {
    apiVersion: API_VERSION,
    kind: "SandboxClaim",
    metadata: { name: `peer-${index}` },
    spec: { warmPoolRef: { name: NAME } },
  };
}
