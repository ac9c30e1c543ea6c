import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The non-empty lines of a file.
 * @param {string} path
 */
export function countLines(path) {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "").length;
}

/**
 * How many rollouts an example's job has: dataset rows times samples.
 * @param {string} example folder with job.yaml and items.jsonl
 */
export function expectedRollouts(example) {
  const samples =
    /^\s*samplesPerItem:\s*(\d+)/m.exec(readFileSync(join(example, "job.yaml"), "utf8"))?.[1] ?? "1";
  return countLines(join(example, "items.jsonl")) * Number(samples);
}
