import type { JsonObject } from "../../../src/lib/json.ts";
import type { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { eventually } from "../cluster/eventually.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { conditionOf } from "./jobs-world.ts";
import type { Condition } from "./jobs-world.ts";

/** For a busy machine. */
const PATIENCE_MS = 240_000;
const POLL_MS = 200;

/** What a condition has to say: its status, and what its reason and its message have in them. */
export interface WantedCondition {
  readonly status: "True" | "False";
  readonly reason?: string;
  readonly words?: string;
}

/** A namespace of a cluster's world, as a user sees it with kubectl. */
export class SeenObjects {
  readonly namespace: string;
  readonly #world: ClusterWorld;

  constructor(world: ClusterWorld, namespace: string) {
    this.#world = world;
    this.namespace = namespace;
  }

  /** Makes the namespace; resolves when pods are admitted to it. */
  async make(): Promise<void> {
    await this.#world.kubectl(["create", "namespace", this.namespace]);
    await eventually(
      () => this.look("serviceaccount", "default"),
      (account) => account !== null,
    );
  }

  kubectl(args: readonly string[], stdin: string | object = ""): Promise<string> {
    return this.#world.kubectl(["-n", this.namespace, ...args], stdin);
  }

  apply(...items: readonly object[]): Promise<string> {
    return this.kubectl(["apply", "-f", "-"], { apiVersion: "v1", kind: "List", items });
  }

  patch(kind: string, name: string, change: object): Promise<string> {
    return this.kubectl(["patch", kind, name, "--type=merge", "-p", JSON.stringify(change)]);
  }

  /** An object; null when there is none. */
  async look(kind: string, name: string): Promise<JsonObject | null> {
    const args = ["-n", this.namespace, "get", kind, name, "--ignore-not-found", "-o", "json"];
    const { stdout } = await kubectl(this.#world.whole.cluster, args);
    return stdout === "" ? null : (JSON.parse(stdout) as JsonObject);
  }

  /** Names of the pods that are there. */
  async pods(): Promise<readonly string[]> {
    const listed = await this.kubectl(["get", "pods", "-o", "name"]);
    return listed.split("\n").filter((line) => line !== "");
  }

  async untilPods(isRight: (count: number) => boolean): Promise<void> {
    await this.#until(
      () => this.pods(),
      (pods) => isRight(pods.length),
    );
  }

  /** Resolves once the object looks like this. */
  until(kind: string, name: string, isRight: (object: JsonObject | null) => boolean) {
    return this.#until(() => this.look(kind, name), isRight);
  }

  /** Resolves with a condition once it says what it has to. */
  async says(kind: string, name: string, type: string, wanted: WantedCondition): Promise<Condition | null> {
    const { status, reason, words = "" } = wanted;
    return this.#until(
      async () => conditionOf(await this.look(kind, name), type),
      (seen) =>
        seen?.status === status &&
        (reason === undefined || seen.reason === reason) &&
        seen.message.includes(words),
    );
  }

  /** What the services said last is the best reason that there is. */
  async #until<T>(look: () => Promise<T>, isRight: (seen: T) => boolean): Promise<T> {
    try {
      return await eventually(look, isRight, PATIENCE_MS, POLL_MS);
    } catch (error) {
      const text = error instanceof Error ? error.message : "failed";
      throw new Error(`${text}\n${await this.#world.lastWords()}`, { cause: error });
    }
  }
}
