import type { Snapshot } from "../config/snapshot.ts";
import { resolveTools } from "../environment/tool-definitions.ts";
import type { AttemptRef } from "../rollout/attempt-ref.ts";
import type { RolloutLabels } from "./rollout-metrics.ts";

const UNKNOWN: RolloutLabels = { environment: "unknown", tools: new Set() };

/** What metrics are labelled with, by snapshot: an environment's name and its tools' names. */
export class SetupLabels {
  readonly #byHash = new Map<string, RolloutLabels>();

  learn(specHash: string, { environmentName, environment }: Snapshot): void {
    const tools = new Set(resolveTools(environment).map(({ name }) => name));
    this.#byHash.set(specHash, { environment: environmentName, tools });
  }

  of({ specHash }: AttemptRef): RolloutLabels {
    return this.#byHash.get(specHash) ?? UNKNOWN;
  }
}
