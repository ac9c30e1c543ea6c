import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

/**
 * Brings all files and folders of a server's store to the disk. nats-server syncs messages by its interval, but leaves the
 * files that say which streams there are to the system, which takes half a minute: a power cut before that takes whole
 * streams, messages that were synced among them. To be called once the streams are made.
 */
export async function syncStore(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name));
  // Folders too: a file is only there when its name is.
  for (const path of [...paths, folder]) await syncPath(path);
}

/** Brings a file or folder to the disk. The server goes on meanwhile: what it has removed needs no sync. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r").catch(() => null);
  if (handle === null) return;
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
