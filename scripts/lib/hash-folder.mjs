import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

/**
 * SHA-256 (hex) over the names and contents of a folder's files that `isWanted` takes, in the order of their names.
 * @param {string} folder
 * @param {(path: string) => boolean} [isWanted] gets the path relative to the folder
 */
export function hashFolder(folder, isWanted = () => true) {
  const hash = createHash("sha256");
  for (const path of listFiles(folder).filter(isWanted)) {
    const content = readFileSync(join(folder, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/**
 * @param {string} folder
 * @returns {string[]} paths relative to the folder with `/`, sorted
 */
export function listFiles(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .toSorted();
}
