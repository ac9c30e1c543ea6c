import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Where things are. `root`: the clone, or the folder of the installed package. `isClone`: whether it has the sources.
 * `sharedCache`: kept between clones. `binFolder`: where nats-server and sandboxd are found (`.cache/bin` in a clone).
 * `logFolder`: what the steps of the set-up printed. `compileCache`: where Node keeps the code of sources that it has read.
 * @typedef {{ root: string, isClone: boolean, sharedCache: string, binFolder: string, logFolder: string, compileCache: string }} Places
 */

/** @type {string} the folder of package.json */
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * @param {NodeJS.ProcessEnv} [env]
 * @param {string} [root]
 * @returns {Places}
 */
export function findPlaces(env = process.env, root = ROOT) {
  const sharedCache = join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "rollyard");
  const isClone = existsSync(join(root, "services", "cli", "main.ts")) || existsSync(join(root, ".git"));
  const local = isClone ? join(root, ".cache") : join(sharedCache, `package-${readPackage(root).version}`);
  return {
    root,
    isClone,
    sharedCache,
    binFolder: join(local, "bin"),
    logFolder: join(local, "logs"),
    compileCache: join(local, "compile"),
  };
}

/**
 * @param {string} root
 * @returns {{ version: string, devDependencies: Record<string, string> }} the part of package.json that the set-up needs
 */
export function readPackage(root) {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
}
