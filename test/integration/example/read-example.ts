import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { environmentSchema } from "../../../src/environment/environment.ts";
import type { EnvironmentSpec } from "../../../src/environment/environment.ts";
import { rolloutJobSchema } from "../../../src/job/rollout-job.ts";
import type { RolloutJobSpec } from "../../../src/job/rollout-job.ts";
import type { JsonObject } from "../../../src/lib/json.ts";

/** examples/repo-search as its files say. */
export interface Example {
  readonly environment: EnvironmentSpec;
  readonly job: RolloutJobSpec;
  readonly items: readonly (JsonObject & { readonly id: string; readonly files: readonly string[] })[];
}

/** Reads and validates the example's files. */
export function readExample(): Example {
  const text = (name: string): string =>
    readFileSync(new URL(`../../../examples/repo-search/${name}`, import.meta.url), "utf8");
  return {
    environment: environmentSchema.parse(parse(text("environment.yaml"))).spec,
    job: rolloutJobSchema.parse(parse(text("job.yaml"))).spec,
    items: text("items.jsonl")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Example["items"][number]),
  };
}
