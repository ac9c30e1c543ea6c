import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findOnPath } from "./find-on-path.mjs";
import { runQuietly } from "./run-command.mjs";
import { formatVersion, isAtLeast, parseVersion } from "./version.mjs";

/** @typedef {import("./version.mjs").Version} Version */
/** The first Go that can fetch a newer toolchain by itself. */
const FIRST_GO_WITH_TOOLCHAINS = /** @type {const} */ ([1, 21, 0]);

/**
 * Whether a Go can build a module, and how. `reason` is a clause for a sentence.
 * @typedef {{ kind: "ready", env: Record<string, string> } | { kind: "unusable", reason: string }} GoChoice
 */

/**
 * Pure. An older Go is told to fetch the toolchain that the module needs, unless the user's environment forbids it.
 * @param {Version | null} found null without Go
 * @param {Version} needed the module's `go` line
 * @param {string | undefined} toolchainSetting the user's GOTOOLCHAIN
 * @returns {GoChoice}
 */
export function chooseGo(found, needed, toolchainSetting) {
  if (found === null) return { kind: "unusable", reason: "Go is not installed" };
  if (isAtLeast(found, needed)) return { kind: "ready", env: {} };
  const older = `Go ${formatVersion(found)} is older than ${formatVersion(needed)}`;
  if (!isAtLeast(found, FIRST_GO_WITH_TOOLCHAINS)) return { kind: "unusable", reason: older };
  if (toolchainSetting === "local") {
    return { kind: "unusable", reason: `${older} and GOTOOLCHAIN=local forbids fetching a newer one` };
  }
  return { kind: "ready", env: { GOTOOLCHAIN: toolchainSetting ?? "auto" } };
}

/**
 * How to build the Go module in a folder on this machine.
 * @param {string} moduleFolder
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<GoChoice>}
 */
export async function findGo(moduleFolder, env) {
  const needed = parseVersion(goLine(readFileSync(join(moduleFolder, "go.mod"), "utf8")));
  return chooseGo(await goVersion(env), needed ?? FIRST_GO_WITH_TOOLCHAINS, env["GOTOOLCHAIN"]);
}

/** @param {string} goMod */
function goLine(goMod) {
  return /^go .*$/m.exec(goMod)?.[0] ?? "";
}

/** @param {NodeJS.ProcessEnv} env */
async function goVersion(env) {
  if (findOnPath("go", env["PATH"]) === null) return null;
  // In the root folder no go.mod can ask for another toolchain than the one that is installed.
  const result = await runQuietly("go", ["version"], {
    cwd: "/",
    env: { ...env, GOTOOLCHAIN: "local" },
  });
  return result.code === 0 ? parseVersion(result.stdout) : null;
}

/** How to get Go, for the end of a sentence. */
export const GO_ADVICE = "install Go 1.26 or newer (https://go.dev/dl)";
