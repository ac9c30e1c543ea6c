import type { KubeClient } from "../../../src/kube/kube-client.ts";
import { startDns } from "./cluster-dns.ts";
import { restoreRules } from "./restore-rules.ts";
import { serviceNames, serviceRules } from "./service-rules.ts";
import type { ServiceObject, SliceObject } from "./service-rules.ts";

const SERVICES = { group: "", version: "v1", plural: "services" };
const SLICES = { group: "discovery.k8s.io", version: "v1", plural: "endpointslices" };
const EVERY_MS = 200;

/** Addresses and names of Services on the one node of the tests' network namespace, as kube-proxy and CoreDNS give a cluster. */
export class ServiceNetwork {
  readonly #client: KubeClient;
  readonly #end = new AbortController();
  #written = "";
  #names: ReadonlyMap<string, readonly string[]> = new Map();
  #running: Promise<void> = Promise.resolve();
  #endDns: () => Promise<void> = () => Promise.resolve();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Resolves when what there is has its names and roads; `address` is the name server's. */
  async start(address: string): Promise<void> {
    await this.#look();
    this.#endDns = await startDns(address, (name) => this.#names.get(name) ?? null);
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
    await this.#endDns();
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      // An API server that is away leaves the roads as they are.
      await this.#look().catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const [services, slices] = await Promise.all([
      this.#client.list(SERVICES, {}),
      this.#client.list(SLICES, {}),
    ]);
    const made = [
      (services?.items ?? []) as unknown as readonly ServiceObject[],
      (slices?.items ?? []) as unknown as readonly SliceObject[],
    ] as const;
    this.#names = serviceNames(...made);
    const rules = serviceRules(...made);
    if (rules === this.#written) return;
    await restoreRules(rules);
    this.#written = rules;
  }
}
