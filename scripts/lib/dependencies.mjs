import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { isInstalled } from "./dependencies-state.mjs";
import { findOnPath } from "./find-on-path.mjs";
import { keepLog } from "./keep-log.mjs";
import { runQuietly } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";
import { step } from "./step.mjs";

/**
 * Installs what package-lock.json names, when node_modules differs from it.
 * @param {import("./places.mjs").Places} places
 */
export async function ensureDependencies(places) {
  const wanted = readJson(join(places.root, "package-lock.json"));
  if (wanted === null) throw new SetupError("package-lock.json is missing: take it from the repository.");
  if (isInstalled(wanted, readJson(join(places.root, "node_modules", ".package-lock.json")))) return;
  await step("Installing dependencies (npm ci; a minute or two, once)", () => installAll(places));
}

/** @param {import("./places.mjs").Places} places */
async function installAll(places) {
  const env = npmEnv(process.env);
  if (findOnPath("npm", env["PATH"]) === null) {
    throw new SetupError(
      "npm is not on PATH: install Node.js 20 or newer together with npm (https://nodejs.org).",
    );
  }
  // Engine warnings are about the Node that runs npm; what runs the product is the Node 24 that this installs.
  const args = ["ci", "--loglevel=error", "--no-audit", "--no-fund"];
  const result = await runQuietly("npm", args, { cwd: places.root, env });
  if (result.code === 0) return;
  const log = keepLog(places, "npm-ci", result.output);
  throw new SetupError(`npm ci failed, see ${log}; ${npmAdvice(result.output)}`);
}

/**
 * What to do about a failed npm, from what it printed.
 * @param {string} output
 */
export function npmAdvice(output) {
  if (/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ECONNRESET|network/i.test(output)) {
    return "the npm registry can't be reached: check the network, or `npm config get registry`.";
  }
  if (/ENOSPC/.test(output)) return "the disk is full.";
  if (/EACCES|EPERM/.test(output)) return "a folder can't be written by this user.";
  return "its last lines name the reason.";
}

/**
 * The environment for an npm of ours: without what an outer npm put there, and with a PATH that does not lead into the
 * node_modules which is about to be replaced.
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function npmEnv(env) {
  const kept = Object.entries(env).filter(
    ([name]) => !/^npm_(lifecycle|package|command|execpath|node_execpath)/.test(name),
  );
  const folders = (env["PATH"] ?? "").split(delimiter);
  const outside = folders.filter((folder) => !/node_modules[/\\]\.bin[/\\]?$/.test(folder));
  return { ...Object.fromEntries(kept), PATH: outside.join(delimiter) };
}

/** @param {string} path */
function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : null;
}
