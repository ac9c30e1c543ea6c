import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import type { z } from "zod";
import { RollyardError } from "../errors/rollyard-error.ts";
import { readLines } from "./line-reader.ts";

/**
 * The records of a file of JSON lines, one at a time; a file that is not there has none, and a last line that is still
 * being written is left out. With `mention`, lines without that text are skipped unread. Throws `bad_input` naming file
 * and line for one that is no record, or a file that can't be read.
 */
export async function* readRecords<T>(
  file: string,
  schema: z.ZodType<T>,
  options: { readonly mention?: string } = {},
): AsyncGenerator<T> {
  const { mention = "" } = options;
  const handle = await openOrNull(file);
  if (handle === null) return;
  try {
    for await (const { text, number, isWhole } of readLines(handle)) {
      if (!text.includes(mention)) continue;
      const value = parseJson(text);
      if (value === undefined && !isWhole) return;
      yield checked(value, schema, `${file}:${number}`);
    }
  } finally {
    await handle.close();
  }
}

async function openOrNull(file: string): Promise<FileHandle | null> {
  try {
    return await open(file, "r");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    if (code === "ENOENT") return null;
    throw new RollyardError("bad_input", { message: `${file} can't be read (${code}).`, cause });
  }
}

function checked<T>(value: unknown, schema: z.ZodType<T>, place: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RollyardError("bad_input", { message: `${place} is no record of this version of Rollyard.` });
}

/** Undefined for text that is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
