import type { KubeClient } from "../../../src/kube/kube-client.ts";
import { firewallRules } from "./policy-rules.ts";
import type { PolicyObject, PolicyPod } from "./policy-rules.ts";
import { restoreRules } from "./restore-rules.ts";

const POLICIES = { group: "networking.k8s.io", version: "v1", plural: "networkpolicies" };
const PODS = { group: "", version: "v1", plural: "pods" };
const EVERY_MS = 200;

/**
 * Enforces NetworkPolicies on the one node of the tests' network namespace, as the agent of a network plugin does on each node
 * of a cluster: it looks at pods and policies again and again, and writes the firewall anew when they ask for other rules.
 */
export class NodeFirewall {
  readonly #client: KubeClient;
  readonly #end = new AbortController();
  #written = "";
  #running: Promise<void> = Promise.resolve();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Resolves when the rules of what there is are in force. */
  async start(): Promise<void> {
    await this.#look();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      // An API server that is away leaves the rules as they are.
      await this.#look().catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const [policies, pods] = await Promise.all([
      this.#client.list(POLICIES, {}),
      this.#client.list(PODS, {}),
    ]);
    const rules = firewallRules(
      (policies?.items ?? []) as unknown as readonly PolicyObject[],
      (pods?.items ?? []) as unknown as readonly PolicyPod[],
    );
    if (rules === this.#written) return;
    await restoreRules(rules);
    this.#written = rules;
  }
}
