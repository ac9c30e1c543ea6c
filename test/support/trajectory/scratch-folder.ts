import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

/** A folder of one test's own; it goes when the test ends. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "rollyard-records-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A file's JSON lines; the last must end in a newline. */
export async function linesOf(folder: string, name: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(path.join(folder, name), "utf8");
  if (text !== "" && !text.endsWith("\n")) throw new Error(`${name} ends in half a line`);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
