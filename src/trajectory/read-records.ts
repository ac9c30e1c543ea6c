import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { z } from "zod";
import { RollyardError } from "../errors/rollyard-error.ts";

/**
 * The records of a file of JSON lines, one at a time; a file that is not there has none, and a last line that is still
 * being written is left out. Throws `bad_input` naming file and line for one that is no record.
 */
export async function* readRecords<T>(file: string, schema: z.ZodType<T>): AsyncGenerator<T> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
  let held: string | null = null;
  let number = 0;
  for await (const line of lines) {
    if (held !== null) yield parseRecord(held, schema, `${file}:${number}`);
    held = line;
    number += 1;
  }
  if (held !== null && isJson(held)) yield parseRecord(held, schema, `${file}:${number}`);
}

function parseRecord<T>(line: string, schema: z.ZodType<T>, place: string): T {
  const parsed = isJson(line) ? schema.safeParse(JSON.parse(line)) : null;
  if (parsed?.success === true) return parsed.data;
  throw new RollyardError("bad_input", { message: `${place} is no record of this version of Rollyard.` });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
