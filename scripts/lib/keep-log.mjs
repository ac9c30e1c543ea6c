import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Keeps what a failed step printed.
 * @param {import("./places.mjs").Places} places
 * @param {string} name
 * @param {string} output
 * @returns {string} the file's path
 */
export function keepLog(places, name, output) {
  mkdirSync(places.logFolder, { recursive: true });
  const path = join(places.logFolder, `${name}.log`);
  writeFileSync(path, output);
  return path;
}
