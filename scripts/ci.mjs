// The second half of .ci/run: `npm test` and `npm start` as a user types them, with checks of what they leave.
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { findPlaces } from "./lib/places.mjs";
import { runAttached } from "./lib/run-attached.mjs";
import { countLines, expectedRollouts } from "./lib/run-results.mjs";
import { closingLines, NO_TESTS, oneFailure, sumTotals } from "./lib/test-totals.mjs";

/** @typedef {import("./lib/test-totals.mjs").Totals} Totals */

const { root } = findPlaces();
const totalsPath = join(root, ".cache", "test", "totals.json");

rmSync(totalsPath, { force: true });
const testCode = await runAttached("npm", ["test"], { cwd: root });
const totals = [readTotals(testCode)];

process.stdout.write("\n▶ npm start\n");
const startedMs = Date.now();
const startCode = await runAttached("npm", ["start"], { cwd: root });
totals.push(check("npm start exits 0", startCode === 0));
totals.push(check("results.jsonl has one line for each rollout", hasEveryRollout(startedMs)));

const sum = sumTotals(totals);
process.stdout.write(`\n${closingLines(sum)}`);
process.exitCode = sum.failed === 0 ? 0 : 1;

/**
 * What `npm test` counted; a test run that ended without counting is a failure.
 * @param {number} exitCode
 * @returns {Totals}
 */
function readTotals(exitCode) {
  if (!existsSync(totalsPath)) return check("npm test counts its tests", false);
  /** @type {Totals} */
  const counted = JSON.parse(readFileSync(totalsPath, "utf8"));
  return exitCode === 0 || counted.failed > 0
    ? counted
    : sumTotals([counted, check("npm test exits 0", false)]);
}

/**
 * Whether the run that `npm start` made, and no older one, is complete.
 * @param {number} sinceMs
 */
function hasEveryRollout(sinceMs) {
  const latest = join(root, "runs", "latest");
  if (!existsSync(latest)) return false;
  const files = readdirSync(latest)
    .map((job) => join(latest, job, "results.jsonl"))
    .filter(existsSync);
  const [file] = files;
  if (file === undefined || files.length !== 1 || statSync(file).mtimeMs < sinceMs) return false;
  const expected = expectedRollouts(join(root, "examples", "repo-search"));
  const found = countLines(file);
  process.stdout.write(`${found} of ${expected} rollouts in ${file}\n`);
  return found === expected;
}

/**
 * @param {string} name
 * @param {boolean} passed
 * @returns {Totals}
 */
function check(name, passed) {
  process.stdout.write(`${passed ? "✓" : "✗"} ${name}\n`);
  return passed ? { ...NO_TESTS, passed: 1 } : oneFailure(name);
}
