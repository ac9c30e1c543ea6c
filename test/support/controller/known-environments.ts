import { environmentSpecSchema } from "../../../src/environment/environment.ts";
import type { EnvironmentSight } from "../../../src/controller/environment/ready-environment.ts";
import type { JobEnvironments } from "../../../src/controller/rollout-job/job-environments.ts";
import type { ReleaseRef } from "../../../src/sandbox/broker-options.ts";
import type { JsonObject } from "../../../src/lib/json.ts";

/** Environments that a test makes by itself, without pods. */
export class KnownEnvironments implements JobEnvironments {
  readonly held = new Set<string>();
  readonly released: ReleaseRef[] = [];
  areHoldsKnown = false;
  readonly #sights = new Map<string, EnvironmentSight>();
  readonly #listeners = new Set<(namespace: string, name: string) => void>();
  #made = 0;

  /** An Environment of this spec appears, or changes. */
  put(namespace: string, name: string, spec: JsonObject, isTerminating = false): void {
    this.#made += 1;
    const environment = {
      uid: this.#made.toString(16).padStart(12, "e"),
      objectUid: `environment-${this.#made}`,
      namespace,
      name,
      generation: this.#made,
      spec: environmentSpecSchema.parse(spec),
      isTerminating,
    };
    this.#change(namespace, name, { kind: "ready", environment });
  }

  remove(namespace: string, name: string): void {
    this.#change(namespace, name, { kind: "missing" });
  }

  look(namespace: string, name: string): EnvironmentSight {
    return this.#sights.get(`${namespace}/${name}`) ?? { kind: "missing" };
  }

  onChange(listener: (namespace: string, name: string) => void): void {
    this.#listeners.add(listener);
  }

  hold(environmentUid: string, jobUid: string): void {
    this.held.add(`${environmentUid}/${jobUid}`);
  }

  letGo(environmentUid: string, jobUid: string): void {
    this.held.delete(`${environmentUid}/${jobUid}`);
  }

  holdsAreKnown(): void {
    this.areHoldsKnown = true;
  }

  release(_environmentUid: string, ref: ReleaseRef): void {
    this.released.push(ref);
  }

  #change(namespace: string, name: string, sight: EnvironmentSight): void {
    this.#sights.set(`${namespace}/${name}`, sight);
    for (const listener of this.#listeners) listener(namespace, name);
  }
}
