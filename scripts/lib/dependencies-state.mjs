/**
 * The part of package-lock.json, or of npm's hidden `node_modules/.package-lock.json`, that says what is installed.
 * @typedef {{ packages: Record<string, { version?: string, optional?: boolean, devOptional?: boolean }> }} Lockfile
 */

/**
 * Whether everything that the lockfile asks for is installed in that version. Optional packages may be missing: they are
 * for other systems. What is installed beside does no harm.
 * @param {Lockfile} wanted
 * @param {Lockfile | null} installed null when there is no node_modules
 */
export function isInstalled(wanted, installed) {
  if (installed === null) return false;
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (path === "") return true;
    const found = installed.packages[path];
    if (found === undefined) return entry.optional === true || entry.devOptional === true;
    return found.version === entry.version;
  });
}
