import { formatVersion, isAtLeast } from "./version.mjs";

/** @typedef {import("./version.mjs").Version} Version */

/** The oldest nats-server whose streams behave as docs/adr/0008 says. */
export const OLDEST_NATS_SERVER = /** @type {const} */ ([2, 12, 0]);

/**
 * What was seen on this machine. `onPath`: a nats-server on PATH; `isCached`: whether the pinned one is in the user's
 * cache; `go`: whether it can be built; `platform` and `arch` as Node names them.
 * @typedef {{
 *   onPath: { path: string, version: Version | null } | null,
 *   isCached: boolean,
 *   go: import("./go.mjs").GoChoice,
 *   platform: string,
 *   arch: string,
 * }} Observed
 */

/**
 * How to get the server, best first. `download` is the fallback of `build` too.
 * @typedef {{ kind: "path", path: string } | { kind: "cached" } | { kind: "build", env: Record<string, string> }
 *   | { kind: "download", target: string } | { kind: "none", reason: string }} NatsServerChoice
 */

/**
 * Pure: PATH (new enough), then the cache, then a build of the pinned module, then the official release.
 * @param {Observed} observed
 * @returns {NatsServerChoice}
 */
export function chooseNatsServer(observed) {
  const { onPath, isCached, go } = observed;
  if (onPath?.version && isAtLeast(onPath.version, OLDEST_NATS_SERVER))
    return { kind: "path", path: onPath.path };
  if (isCached) return { kind: "cached" };
  if (go.kind === "ready") return { kind: "build", env: go.env };
  const target = releaseTarget(observed.platform, observed.arch);
  if (target !== null) return { kind: "download", target };
  return { kind: "none", reason: `${tooOld(onPath)}${go.reason}` };
}

/** @param {Observed["onPath"]} onPath */
function tooOld(onPath) {
  if (!onPath?.version) return "";
  const found = `nats-server ${formatVersion(onPath.version)} on PATH`;
  return `${found} is older than ${formatVersion(OLDEST_NATS_SERVER)}, and `;
}

/**
 * The system's name in the release's file names, or null where there is no release for it.
 * @param {string} platform
 * @param {string} arch
 */
export function releaseTarget(platform, arch) {
  const system = { linux: "linux", darwin: "darwin" }[platform];
  const machine = { x64: "amd64", arm64: "arm64" }[arch];
  return system && machine ? `${system}-${machine}` : null;
}
