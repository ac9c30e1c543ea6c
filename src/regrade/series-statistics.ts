import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { describeNumbers } from "../lib/describe-numbers.ts";
import { readRecords } from "../trajectory/read-records.ts";
import type { SeriesStatistics } from "../trajectory/series-statistics.ts";
import { regradeRecordSchema } from "./regrade-record.ts";

const noteSchema = z.object({
  series: z.string(),
  grader: z.object({ name: z.string(), type: z.string() }),
});

/**
 * The rewards of each series that these run folders have, by name; one of a job and its retries counts a rollout once, as the
 * last of the folders has it. Memory holds a number of each rollout. Throws `bad_input` for lines that can't be read.
 */
export async function seriesStatistics(folders: readonly string[]): Promise<readonly SeriesStatistics[]> {
  const graders = new Map<string, string>();
  const rewards = new Map<string, Map<string, number | null>>();
  for (const folder of folders) {
    for (const { series, grader } of await notesIn(folder)) {
      graders.set(series, grader.name === grader.type ? grader.type : `${grader.name} (${grader.type})`);
      const known = rewards.get(series) ?? new Map<string, number | null>();
      rewards.set(series, known);
      const file = path.join(folder, "regrades", `${series}.jsonl`);
      for await (const record of readRecords(file, regradeRecordSchema)) {
        known.set(`${record.item_index}-${record.sample_index}`, record.reward);
      }
    }
  }
  return [...rewards].map(([series, known]) => ({
    series,
    grader: graders.get(series) ?? "",
    rollouts: known.size,
    reward: describeNumbers([...known.values()].flatMap((reward) => reward ?? [])),
  }));
}

/** By name; a folder without any has none. */
async function notesIn(folder: string): Promise<readonly z.output<typeof noteSchema>[]> {
  const outer = path.join(folder, "regrades");
  const names = await readdir(outer).catch(() => []);
  const notes = names.filter((name) => name.endsWith(".json")).toSorted();
  const read = await Promise.all(
    notes.map(async (name) => noteOf(await readFile(path.join(outer, name), "utf8"))),
  );
  return read.flatMap((note) => note ?? []);
}

function noteOf(text: string): z.output<typeof noteSchema> | null {
  try {
    return noteSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
