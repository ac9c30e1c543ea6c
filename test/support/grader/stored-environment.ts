import type { LogStore } from "../../../src/bus/port.ts";
import { storeSnapshot } from "../../../src/config/snapshot.ts";
import { environmentSpecSchema } from "../../../src/environment/environment.ts";
import type { GraderSpec } from "../../../src/grader/schema.ts";
import { rolloutJobSpecSchema } from "../../../src/job/rollout-job.ts";
import { PARTS } from "./stopped-rollout.ts";

/** Stores the snapshot of a job whose environment has this grader, these judges, and the name `env`; its hash. */
export function storeEnvironment(
  store: LogStore,
  grader: GraderSpec,
  judges: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return storeSnapshot(store, PARTS.jobUid, {
    namespace: PARTS.namespace,
    jobName: "job",
    environmentName: "env",
    job: rolloutJobSpecSchema.parse({
      environmentRef: { name: "env" },
      dataset: { inline: [{}] },
      model: { baseURL: "http://127.0.0.1:1/v1", name: "m" },
    }),
    environment: environmentSpecSchema.parse({ grader, judges }),
  });
}
