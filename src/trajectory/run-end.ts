import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";

const runEndSchema = z.object({
  end: z.object({ condition: z.enum(["Complete", "Failed"]), reason: z.string(), message: z.string() }),
  seconds_total: z.number(),
  rollouts_per_second: z.number().nullable(),
  /** Of a hosted trainer's traces: graded ones whose score it never got. */
  undelivered_scores: z.number().optional(),
});

/** How a run ended, and how long it took with all its sessions; part of summary.json. */
export type RunEndRecord = z.output<typeof runEndSchema>;

/** Reads how a run ended; null while it has not. */
export async function readRunEnd(folder: string): Promise<RunEndRecord | null> {
  const text = await readFile(path.join(folder, "summary.json"), "utf8").catch(() => "null");
  const parsed = runEndSchema.safeParse(orNull(text));
  return parsed.success ? parsed.data : null;
}

function orNull(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
