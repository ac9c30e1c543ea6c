import type { Snapshot } from "../../../src/config/snapshot.ts";
import { environmentSpecSchema } from "../../../src/environment/environment.ts";
import { rolloutJobSpecSchema } from "../../../src/job/rollout-job.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { questionOf, SYSTEM_PROMPT, TOOL } from "./load.ts";
import type { Load } from "./load.ts";

/** How sandboxes are started under load. */
export interface SandboxRates {
  readonly maxStarting: number;
  readonly startsPerSecond: number;
}

/** The load as the job and environment that a user would write for it. */
export function benchSnapshot(load: Load, modelURL: string, rates: SandboxRates): Snapshot {
  return {
    namespace: "bench",
    jobName: "bench",
    environmentName: "bench",
    job: rolloutJobSpecSchema.parse({
      environmentRef: { name: "bench" },
      dataset: { inline: [{ question: "" }] },
      parallelism: load.parallelism,
      model: { baseURL: modelURL, name: "mock-1" },
      retry: { maxAttempts: 1 },
    }),
    environment: environmentSpecSchema.parse({
      sandbox: rates,
      prompt: [
        { role: "system", content: SYSTEM_PROMPT },
        { role: "user", content: "{{ item.question }}" },
      ],
      tools: [{ ...TOOL, exec: { argv: ["/bin/echo", "-n", "{{ arguments.text }}"] } }],
      limits: { maxTurns: load.turns },
      // The mock never answers in words: the reward of a whole rollout is 1.
      grader: {
        type: "string_check",
        name: "no-answer",
        operation: "eq",
        input: "{{ sample.output_text }}",
        reference: "",
      },
    }),
  };
}

/** One row a rollout. */
export function benchItems(load: Load): readonly JsonObject[] {
  return Array.from({ length: load.rollouts }, (_, rollout) => ({ question: questionOf(rollout) }));
}
