import { rename, writeFile } from "node:fs/promises";
import { RollyardError } from "../errors/rollyard-error.ts";

/** Writes a file in one step: a reader sees the old one or the new one. Throws `output_unwritable`. */
export async function replaceFile(file: string, text: string): Promise<void> {
  try {
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    throw new RollyardError("output_unwritable", { message: `${file} can't be written (${code}).`, cause });
  }
}
