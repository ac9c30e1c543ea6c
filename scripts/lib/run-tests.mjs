import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runAttached } from "./run-attached.mjs";
import { runQuietly } from "./run-command.mjs";
import { goTestTotals, vitestTotals } from "./test-totals.mjs";

/** @typedef {import("./tool-environment.mjs").ToolEnvironment} ToolEnvironment */
/** @typedef {import("./test-totals.mjs").Totals} Totals */

/**
 * Runs one tier of vitest on this terminal; one that runs beside another at low priority, and what it prints is shown only when
 * it has failed.
 * @param {ToolEnvironment} tools
 * @param {import("./test-tiers.mjs").TestTier} tier a project of vitest.config.ts
 * @param {AbortSignal} [signal] ends one that runs beside another
 * @returns {Promise<Totals>}
 */
export async function runTier({ root, node, env }, { name: tier, isBeside = false, prepare }, signal) {
  const report = join(root, ".cache", "test", `${tier}.json`);
  mkdirSync(join(root, ".cache", "test"), { recursive: true });
  rmSync(report, { force: true });
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const args = [vitest, "run", "--project", tier, "--passWithNoTests", ...reporters];
  const run = (await prepare?.(node, args, env)) ?? { command: node, args, env };
  const options = { cwd: root, env: run.env };
  const code = await (isBeside
    ? runBeside(run.command, run.args, { ...options, signal })
    : runAttached(run.command, run.args, options));
  return vitestTotals(existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : null, code);
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("./run-command.mjs").CommandOptions} options
 */
async function runBeside(command, args, options) {
  const { code, output } = await runQuietly("nice", ["-n", "10", command, ...args], options);
  if (code !== 0) process.stdout.write(output);
  return code;
}

/**
 * Runs sandboxd's own tests.
 * @param {ToolEnvironment} tools
 * @returns {Promise<Totals>}
 */
export async function runGoTests({ root, env }) {
  const cwd = join(root, "services", "sandboxd");
  const result = await runQuietly("go", ["test", "-json", "./..."], { cwd, env });
  if (result.code !== 0) process.stdout.write(readableGoOutput(result.output));
  return goTestTotals(result.stdout, result.code);
}

/** @param {string} output */
function readableGoOutput(output) {
  return output
    .split("\n")
    .map((line) => (line.startsWith("{") ? (JSON.parse(line).Output ?? "") : `${line}\n`))
    .join("");
}
