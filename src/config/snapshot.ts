import { z } from "zod";
import type { LogStore } from "../bus/port.ts";
import { getSpec, putSpec } from "../bus/specs.ts";
import { environmentSpecSchema } from "../environment/environment.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { rolloutJobSpecSchema } from "../job/rollout-job.ts";
import type { JsonValue } from "../lib/json.ts";
import { snapshotAssetsSchema } from "./snapshot-assets.ts";

const snapshotSchema = z.strictObject({
  namespace: z.string(),
  jobName: z.string(),
  environmentName: z.string(),
  job: rolloutJobSpecSchema,
  environment: environmentSpecSchema,
  graderAssets: snapshotAssetsSchema.optional(),
});

/** A job and its environment as they were when the job began; an edit never changes a running rollout. */
export type Snapshot = z.output<typeof snapshotSchema>;

/** Stores a snapshot and resolves with its hash, by which assignments name it. It holds no secret. */
export function storeSnapshot(store: LogStore, jobUid: string, snapshot: Snapshot): Promise<string> {
  // The dataset may be inline and large; each assignment brings its own item.
  const dataset = { inline: [{}] };
  const stored = { ...snapshot, job: { ...snapshot.job, dataset } };
  return putSpec(store, jobUid, JSON.parse(JSON.stringify(stored)) as JsonValue);
}

/** The snapshot of a hash. Rejects with `bus_unavailable`, `log_corrupt`, or `other_version` for one that this version can't read. */
export async function loadSnapshot(store: LogStore, hash: string): Promise<Snapshot> {
  const parsed = snapshotSchema.safeParse(await getSpec(store, hash));
  if (parsed.success) return parsed.data;
  // It is what its hash says: nothing is damaged.
  throw new RollyardError("other_version", {
    message: "A job's snapshot was written by another version of Rollyard; read it with that version.",
    details: { problems: parsed.error.issues.length },
  });
}
