/**
 * @typedef {{ version?: string, cpu?: string[], os?: string[], libc?: string[], dev?: boolean, optional?: boolean,
 *   optionalDependencies?: Record<string, string> }} LockEntry
 */

/** What a platform package's name says in another word than npm does. @type {Record<string, string>} */
const CPU_NAMES = { armv7: "arm", aarch64: "arm64" };
const SYSTEMS = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const LIBC_NAMES = /** @type {const} */ ([
  ["musl", "musl"],
  ["gnu", "glibc"],
]);

/**
 * Entries for the optional platform packages that a lockfile leaves out because the registry it was made with does not
 * have them. `npm ci` refuses a lockfile without them, although it would install none of them on this platform.
 * @param {Record<string, LockEntry>} packages the lockfile's
 * @returns {Record<string, LockEntry>} only those that are missing; without integrity, which nobody here can know
 */
export function missingPlatformEntries(packages) {
  /** @type {Record<string, LockEntry>} */
  const stubs = {};
  for (const [, parent] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`;
      const platform = platformOf(name);
      if (packages[path] !== undefined || platform === null) continue;
      stubs[path] = { version, ...platform, ...(parent.dev ? { dev: true } : {}), optional: true };
    }
  }
  return stubs;
}

/**
 * Reads system, processor and C library from a name such as `@oxlint/binding-linux-arm64-musl`.
 * @param {string} name
 * @returns {{ cpu: string[], os: string[], libc?: string[] } | null} null when the name is no platform package's
 */
export function platformOf(name) {
  const words = (name.split("/").at(-1) ?? "").split("-");
  const place = words.findIndex((word) => SYSTEMS.includes(word));
  const [os, cpu] = words.slice(place, place + 2);
  if (place === -1 || os === undefined || cpu === undefined) return null;
  const libc = LIBC_NAMES.find(([word]) => words.at(-1)?.startsWith(word))?.[1];
  return { cpu: [CPU_NAMES[cpu] ?? cpu], os: [os], ...(libc ? { libc: [libc] } : {}) };
}
