/**
 * A Go module under tools/ that pins released programs. `folder`: its folder there. `cache`: how the folder of its programs
 * in the cache between clones begins. `release`: the module whose version goes into that name. `programs`: main packages by
 * the names of their programs. `stampsVersion`: the programs report a version only if the linker is told one.
 * @template {string} [Program=string]
 * @typedef {{
 *   folder: string,
 *   cache: string,
 *   release: string,
 *   programs: Readonly<Partial<Record<Program, string>>>,
 *   stampsVersion: boolean,
 * }} ToolModule
 */

/**
 * The version of a module's release in its go.mod, without the `v`.
 * @param {string} goMod
 * @param {string} release
 * @returns {string | null}
 */
export function releaseVersion(goMod, release) {
  const line = goMod.split("\n").find((text) =>
    text
      .trim()
      .replace(/^require /, "")
      .startsWith(`${release} v`),
  );
  return /v(\d+\.\d+\.\d+)/.exec(line?.slice(line.indexOf(release) + release.length) ?? "")?.[1] ?? null;
}

/**
 * What the linker is told: no debug tables and, for Kubernetes, the version that `kubectl version` shows. A build from
 * the module's source alone does not know it.
 * @param {string | null} version null for programs that report none
 */
export function linkerFlags(version) {
  if (version === null) return "-s -w";
  const [major = "", minor = ""] = version.split(".");
  const packages = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
  const stamps = packages.flatMap((name) => [
    `-X ${name}.gitVersion=v${version}`,
    `-X ${name}.gitMajor=${major}`,
    `-X ${name}.gitMinor=${minor}`,
    `-X ${name}.gitTreeState=clean`,
  ]);
  return ["-s -w", ...stamps].join(" ");
}
