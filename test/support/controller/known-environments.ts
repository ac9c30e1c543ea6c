import { environmentSpecSchema } from "../../../src/environment/environment.ts";
import type { EnvironmentSight } from "../../../src/controller/environment/ready-environment.ts";
import type { JobEnvironments } from "../../../src/controller/rollout-job/job-environments.ts";
import { readSpec } from "../../../src/controller/cached-custom-object.ts";
import type { ReleaseRef } from "../../../src/sandbox/broker-options.ts";
import { canonicalJson } from "../../../src/lib/canonical-json.ts";
import type { JsonObject } from "../../../src/lib/json.ts";

/** An Environment that a test made. */
interface KnownEnvironment {
  readonly uid: string;
  readonly generation: number;
  readonly spec: JsonObject;
  readonly isTerminating: boolean;
}

/** Environments that a test makes by itself, without pods. */
export class KnownEnvironments implements JobEnvironments {
  /** `<uid of the environment>/<uid of the job>`, as the bus has them. */
  readonly held = new Set<string>();
  areHoldsKnown = false;
  readonly #known = new Map<string, KnownEnvironment>();
  readonly #listeners = new Set<(namespace: string, name: string) => void>();
  #made = 0;

  /** Makes one, or edits its spec. */
  put(namespace: string, name: string, spec: JsonObject): void {
    const before = this.#known.get(`${namespace}/${name}`);
    if (before === undefined) {
      this.#made += 1;
      const uid = this.#made.toString(16).padStart(12, "e");
      this.#change(namespace, name, { uid, generation: 1, spec, isTerminating: false });
    } else if (canonicalJson(before.spec) !== canonicalJson(spec)) {
      this.#change(namespace, name, { ...before, generation: before.generation + 1, spec });
    }
  }

  /** Deletes it: it goes once all holds are known and none is of it. */
  delete(namespace: string, name: string): void {
    const before = this.#known.get(`${namespace}/${name}`);
    if (before === undefined || before.isTerminating) return;
    this.#change(namespace, name, { ...before, generation: before.generation + 1, isTerminating: true });
    this.#letDeletedGo();
  }

  /** Removes it by force, whoever holds it. */
  remove(namespace: string, name: string): void {
    if (this.#known.delete(`${namespace}/${name}`)) this.#tell(namespace, name);
  }

  look(namespace: string, name: string): EnvironmentSight {
    const known = this.#known.get(`${namespace}/${name}`);
    if (known === undefined) return { kind: "missing" };
    const read = readSpec(environmentSpecSchema, known.spec);
    if (!read.ok) return { kind: "invalid", message: read.message };
    const { uid, generation, isTerminating } = known;
    const objectUid = `${uid.slice(0, 8)}-${uid.slice(8)}-4eee-8eee-eeeeeeeeeeee`;
    const environment = { uid, objectUid, namespace, name, generation, spec: read.value, isTerminating };
    return { kind: "ready", environment };
  }

  onChange(listener: (namespace: string, name: string) => void): void {
    this.#listeners.add(listener);
  }

  hold(environmentUid: string, jobUid: string): void {
    this.held.add(`${environmentUid}/${jobUid}`);
  }

  letGo(environmentUid: string, jobUid: string): void {
    this.held.delete(`${environmentUid}/${jobUid}`);
    this.#letDeletedGo();
  }

  holdsAreKnown(): void {
    this.areHoldsKnown = true;
    this.#letDeletedGo();
  }

  /** There are no sandboxes to free. */
  release(_environmentUid: string, _ref: ReleaseRef): void {}

  #letDeletedGo(): void {
    if (!this.areHoldsKnown) return;
    for (const [key, { uid, isTerminating }] of this.#known) {
      const isHeld = [...this.held].some((hold) => hold.startsWith(`${uid}/`));
      const [namespace = "", name = ""] = key.split("/");
      if (isTerminating && !isHeld) this.remove(namespace, name);
    }
  }

  #change(namespace: string, name: string, now: KnownEnvironment): void {
    this.#known.set(`${namespace}/${name}`, now);
    this.#tell(namespace, name);
  }

  #tell(namespace: string, name: string): void {
    for (const listener of this.#listeners) listener(namespace, name);
  }
}
