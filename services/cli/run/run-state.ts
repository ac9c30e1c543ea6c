import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { syncPath } from "../../../src/bus/nats-server-store.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { givenOptionSchema } from "./given-options.ts";

const originSchema = z.strictObject({
  files: z.array(z.string()),
  jobFolder: z.string(),
  environmentFolder: z.string(),
  configMapFile: z.string().nullable(),
});

const runStateSchema = z.strictObject({
  version: z.literal(1),
  /** Name and namespace of the job, and whose retry it is; the folder may have been renamed. */
  job: z.strictObject({
    name: z.string(),
    namespace: z.string().nullable(),
    retryOf: z.string().nullable(),
  }),
  /** Where the documents came from: a retry reads their dataset again. */
  origin: originSchema,
  /** Options of the last session that a resume needs again. */
  options: z.array(givenOptionSchema).default([]),
  jobUid: z.string(),
  environmentUid: z.string(),
  traceSeed: z.string(),
  /** SHA-256 of what identifies the run; fields that may change while it runs don't count. */
  specHash: z.string(),
  /** The specs as text-free JSON, so that a resume can name what differs. */
  snapshot: z.unknown(),
  startedAtMs: z.number(),
  /** Seconds that the run has run; noted each minute, and once more at the end of a session that was not killed. */
  earlierSeconds: z.number(),
  /** Why the last session ended before the job did; null while one is under way, and once the job has ended. */
  stopped: z.strictObject({ why: z.enum(["interrupted", "error"]), message: z.string() }).nullable(),
  end: z.strictObject({ condition: z.string(), reason: z.string(), message: z.string() }).nullable(),
});

/** What a run folder remembers of its run; `end` is null until the job has ended. */
export type RunState = z.output<typeof runStateSchema>;

const FILE = "run.json";

/** Reads a folder's state; null when there is none. Throws `run_folder_conflict` for one that can't be read. */
export async function readRunState(privateFolder: string): Promise<RunState | null> {
  const text = await readFile(path.join(privateFolder, FILE), "utf8").catch(() => null);
  if (text === null) return null;
  const parsed = runStateSchema.safeParse(parseOrNull(text));
  if (parsed.success) return parsed.data;
  throw new RollyardError("run_folder_conflict", {
    message: "The folder holds a run of another version of Rollyard; use another --out.",
  });
}

/** Replaces a folder's state in one step. */
export async function writeRunState(privateFolder: string, state: RunState): Promise<void> {
  const file = path.join(privateFolder, FILE);
  // On the disk before it takes its place: after a power cut there is the old state or the new one, never half of it.
  await writeFile(`${file}.new`, JSON.stringify(state), { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
  await syncPath(privateFolder);
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
