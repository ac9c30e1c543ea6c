import { z } from "zod";
import { servedJobSpec } from "../../../src/trace/served-job.ts";
import type { RunState } from "../run/run-state.ts";

const snapshotSchema = z.object({ job: z.object({ model: z.object({ baseURL: z.string() }) }) });

/** Whether a folder is of `rollyard serve`: its trainer has the model. */
export function isServed({ snapshot, job }: Pick<RunState, "snapshot" | "job">): boolean {
  const read = snapshotSchema.safeParse(snapshot);
  return read.success && read.data.job.model.baseURL === servedJobSpec(job.name).model.baseURL;
}
