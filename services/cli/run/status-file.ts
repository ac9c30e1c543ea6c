import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";

const fileSchema = z.object({ url: z.url() });

const FILE = "status.json";

/**
 * Writes where a run's process answers for itself: `{"url": "http://127.0.0.1:PORT/status"}`. Only its owner may read
 * it, and it goes with the process: one that is left behind says that the process was killed.
 */
export async function writeStatusFile(
  privateFolder: string,
  port: number,
): Promise<{ remove(): Promise<void> }> {
  const file = path.join(privateFolder, FILE);
  const remove = (): Promise<void> => rm(file, { force: true });
  await remove();
  const url = `http://127.0.0.1:${port}/status`;
  await writeFile(file, `${JSON.stringify({ url })}\n`, { mode: 0o600, flag: "wx" });
  return { remove };
}

/** Where a run's process answers, or did before it was killed; null when its last session ended by itself. */
export async function readStatusUrl(privateFolder: string): Promise<string | null> {
  const text = await readFile(path.join(privateFolder, FILE), "utf8").catch(() => null);
  if (text === null) return null;
  try {
    return fileSchema.parse(JSON.parse(text)).url;
  } catch {
    return null;
  }
}
