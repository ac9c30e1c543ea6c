import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { findOnPath, isExecutable } from "./find-on-path.mjs";
import { findGo, GO_ADVICE } from "./go.mjs";
import { keepLog } from "./keep-log.mjs";
import { chooseNatsServer, releaseTarget } from "./nats-server-choice.mjs";
import { downloadNatsServer } from "./nats-server-release.mjs";
import { runQuietly } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";
import { step } from "./step.mjs";
import { parseVersion } from "./version.mjs";

/** @typedef {import("./places.mjs").Places} Places */
const MODULE = "github.com/nats-io/nats-server/v2";

/**
 * Sees to it that `nats-server` in the bin folder is one that local runs can use.
 * @param {Places} places
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<string>} its path
 */
export async function ensureNatsServer(places, env = process.env) {
  const link = join(places.binFolder, "nats-server");
  const version = pinnedVersion(places);
  const cached = join(places.sharedCache, `nats-server-${version}`, "nats-server");
  if (isCurrent(link, places, cached)) return link;
  const choice = chooseNatsServer({
    onPath: await findServerOnPath(env),
    isCached: isExecutable(cached),
    go: await findGo(moduleFolder(places), env),
    platform: process.platform,
    arch: process.arch,
  });
  if (choice.kind === "none") throw new SetupError(cannotGet(choice.reason));
  if (choice.kind === "build") await build(places, { env: { ...env, ...choice.env }, cached, version });
  if (choice.kind === "download") await download({ target: choice.target, cached, version });
  pointTo(link, choice.kind === "path" ? choice.path : cached);
  return link;
}

/** @param {Places} places */
function moduleFolder(places) {
  return join(places.root, "tools", "nats-server");
}

/** @param {Places} places */
function pinnedVersion(places) {
  const goMod = readFileSync(join(moduleFolder(places), "go.mod"), "utf8");
  const version = new RegExp(`${MODULE} v(\\d+\\.\\d+\\.\\d+)`).exec(goMod)?.[1];
  if (version === undefined)
    throw new SetupError("tools/nats-server/go.mod does not name a version of nats-server.");
  return version;
}

/**
 * Whether the link leads to a server, and not to one of an older pin.
 * @param {string} link
 * @param {Places} places
 * @param {string} cached
 */
function isCurrent(link, places, cached) {
  try {
    const target = readlinkSync(link);
    return isExecutable(target) && (target === cached || !target.startsWith(places.sharedCache));
  } catch {
    return false;
  }
}

/** @param {NodeJS.ProcessEnv} env */
async function findServerOnPath(env) {
  const path = findOnPath("nats-server", env["PATH"]);
  if (path === null) return null;
  const result = await runQuietly(path, ["--version"]);
  return { path, version: parseVersion(result.stdout) };
}

/**
 * @param {Places} places
 * @param {{ env: NodeJS.ProcessEnv, cached: string, version: string }} target
 */
async function build(places, { env, cached, version }) {
  const error = await step(`Building nats-server ${version} (about a minute, once)`, async () => {
    const part = partBeside(cached);
    const args = ["build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", part, MODULE];
    const goEnv = { ...env, CGO_ENABLED: "0" };
    const result = await runQuietly("go", args, { cwd: moduleFolder(places), env: goEnv });
    if (result.code !== 0) return keepLog(places, "nats-server", result.output);
    publish(part, cached);
    return null;
  });
  if (error === null) return;
  const target = releaseTarget(process.platform, process.arch);
  if (target === null) throw new SetupError(cannotGet(`its build failed, see ${error}`));
  await download({ target, cached, version }, `its build failed, see ${error}; `);
}

/**
 * @param {{ target: string, cached: string, version: string }} target
 * @param {string} [before] a clause on what failed before
 */
async function download({ target, cached, version }, before = "") {
  await step(`Downloading nats-server ${version} (${target})`, async () => {
    const part = partBeside(cached);
    try {
      publish(await downloadNatsServer({ version, target, folder: dirname(part) }), cached);
    } catch (thrown) {
      if (!(thrown instanceof SetupError)) throw thrown;
      throw new SetupError(cannotGet(`${before}${thrown.message.replace(/\.$/, "")}`));
    } finally {
      rmSync(dirname(part), { recursive: true, force: true });
    }
  });
}

/** @param {string} reason */
function cannotGet(reason) {
  return `nats-server can't be had (${reason}): ${GO_ADVICE}, or put nats-server 2.12 or newer on PATH.`;
}

/**
 * A path in a new folder on the same disk, so that the finished file can be moved into place in one step.
 * @param {string} path
 */
function partBeside(path) {
  mkdirSync(dirname(path), { recursive: true });
  return join(mkdtempSync(join(dirname(path), "part-")), "nats-server");
}

/**
 * @param {string} part
 * @param {string} path
 */
function publish(part, path) {
  renameSync(part, path);
  rmSync(dirname(part), { recursive: true, force: true });
}

/**
 * @param {string} link
 * @param {string} target
 */
function pointTo(link, target) {
  mkdirSync(dirname(link), { recursive: true });
  const part = `${link}.${process.pid}`;
  symlinkSync(target, part);
  renameSync(part, link);
}
