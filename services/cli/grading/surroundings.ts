import { z } from "zod";
import { requirementsOf } from "../../../src/config/openai-runtime.ts";
import { environmentSpecSchema } from "../../../src/environment/environment.ts";
import type { EnvironmentSpec } from "../../../src/environment/environment.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { privateFolderOf } from "../run/run-folder.ts";
import { readRunState } from "../run/run-state.ts";
import type { GraderSurroundings } from "./load-grader.ts";

const snapshotSchema = z.object({
  job: z.object({ environmentRef: z.object({ name: z.string() }) }),
  environment: environmentSpecSchema,
});

/** The Environment that a local run had, as its notes have it; null where they are gone or of another version. */
export async function runSurroundings(runFolder: string): Promise<GraderSurroundings | null> {
  const state = await readRunState(privateFolderOf(runFolder)).catch(() => null);
  const parsed = snapshotSchema.safeParse(state?.snapshot);
  if (state === null || !parsed.success) return null;
  const { job, environment } = parsed.data;
  const { environmentFolder: folder } = state.origin;
  const spec = withAbsolutePaths(environment, folder);
  return { name: job.environmentRef.name, folder, spec: JSON.parse(JSON.stringify(spec)) as JsonObject };
}

/** A grader's sandbox has none of the agent's files, so that a folder that is gone by now hinders nothing. */
function withAbsolutePaths({ sandbox, graderRuntime, ...rest }: EnvironmentSpec, folder: string): object {
  const { local: _local, ...place } = sandbox;
  const venv = graderRuntime?.venv;
  const runtime = venv === undefined ? graderRuntime : { venv: requirementsOf(venv, folder) };
  return { ...rest, sandbox: place, ...(runtime === undefined ? {} : { graderRuntime: runtime }) };
}
