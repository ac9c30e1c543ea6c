import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * The first executable file of that name in a PATH text, or null.
 * @param {string} name
 * @param {string | undefined} pathText the value of PATH
 * @returns {string | null}
 */
export function findOnPath(name, pathText) {
  const folders = (pathText ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

/**
 * Whether the path is a file that this user may run.
 * @param {string} path
 */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
