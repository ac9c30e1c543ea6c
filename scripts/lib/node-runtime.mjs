import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { npmAdvice, npmEnv } from "./dependencies.mjs";
import { findOnPath, isExecutable } from "./find-on-path.mjs";
import { keepLog } from "./keep-log.mjs";
import { readPackage } from "./places.mjs";
import { runQuietly } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";
import { step } from "./step.mjs";
import { isAtLeast, parseVersion } from "./version.mjs";

/** The oldest Node that runs the product; docs/adr/0001. */
const OLDEST_NODE = /** @type {const} */ ([24, 12, 0]);

/**
 * Whether the Node of this process can run the product itself.
 * @param {string} [version]
 */
export function isModernNode(version = process.versions.node) {
  const parsed = parseVersion(version);
  return parsed !== null && isAtLeast(parsed, OLDEST_NODE);
}

/**
 * A Node 24 to run the product with: this process's own, the one of the `node` package, one from an earlier set-up, or one
 * installed now from the npm registry into the user's cache.
 * @param {import("./places.mjs").Places} places
 * @returns {Promise<string>} path of the executable
 */
export async function ensureNode(places) {
  if (isModernNode()) return process.execPath;
  const { version, packageName } = pinnedNode(places.root);
  const folder = join(places.sharedCache, `node-${version}`);
  const cached = join(folder, "node_modules", packageName, "bin", "node");
  const found = [packagedNode(places.root), cached].find((path) => path !== null && isExecutable(path));
  if (found) return found;
  const title = `Installing Node ${version} beside the system's ${process.versions.node} (half a minute, once)`;
  await step(title, () => installNode(places, folder, `${packageName}@${version}`));
  return cached;
}

/**
 * @param {string} root
 * @returns {string | null} the executable of the `node` package, where dev dependencies are installed
 */
function packagedNode(root) {
  try {
    const require = createRequire(join(root, "package.json"));
    return join(dirname(require.resolve("node/package.json")), "bin", "node");
  } catch {
    return null;
  }
}

/** @param {string} root */
function pinnedNode(root) {
  const version = readPackage(root).devDependencies["node"] ?? "24";
  const prefix = process.platform === "darwin" && process.arch === "arm64" ? "node-bin" : "node";
  return { version, packageName: `${prefix}-${process.platform}-${process.arch}` };
}

/**
 * @param {import("./places.mjs").Places} places
 * @param {string} folder
 * @param {string} spec
 */
async function installNode(places, folder, spec) {
  const env = npmEnv(process.env);
  const advice = "install Node 24 or newer (https://nodejs.org).";
  if (findOnPath("npm", env["PATH"]) === null) {
    throw new SetupError(`Node ${process.versions.node} is too old and npm is not on PATH: ${advice}`);
  }
  mkdirSync(folder, { recursive: true });
  const args = [
    "install",
    "--prefix",
    folder,
    "--no-save",
    "--loglevel=error",
    "--no-audit",
    "--no-fund",
    spec,
  ];
  const result = await runQuietly("npm", args, { cwd: folder, env });
  if (result.code === 0) return;
  const log = keepLog(places, "node", result.output);
  throw new SetupError(
    `Node ${process.versions.node} is too old; ${advice} (npm could not get it: ${npmAdvice(result.output)} See ${log})`,
  );
}
