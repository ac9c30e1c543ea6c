/** @typedef {readonly [number, number, number]} Version major, minor, patch */

/**
 * The first x.y or x.y.z in a text such as `go version go1.26.8 linux/amd64`, or null. A pre-release counts as its release.
 * @param {string} text
 * @returns {Version | null}
 */
export function parseVersion(text) {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : null;
}

/**
 * Whether a version is the minimum or newer.
 * @param {Version} version
 * @param {Version} minimum
 */
export function isAtLeast(version, minimum) {
  for (const place of /** @type {const} */ ([0, 1, 2])) {
    if (version[place] !== minimum[place]) return version[place] > minimum[place];
  }
  return true;
}

/**
 * @param {Version} version
 * @returns {string} x.y.z
 */
export function formatVersion(version) {
  return version.join(".");
}
