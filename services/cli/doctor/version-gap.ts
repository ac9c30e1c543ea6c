/**
 * How a version stands to another: `patch` when only the last number differs, which changes neither kinds nor records;
 * `unknown` when one of them has no numbers.
 */
export type VersionGap = "same" | "patch" | "older" | "newer" | "unknown";

/** The first two numbers of a version. */
export interface Minor {
  readonly major: number;
  readonly minor: number;
}

/** How `version` stands to `other`. Pure. */
export function versionGap(version: string, other: string): VersionGap {
  if (version === other) return "same";
  const [own, its] = [minorOf(version), minorOf(other)];
  if (own === null || its === null) return "unknown";
  const difference = own.major - its.major || own.minor - its.minor;
  if (difference === 0) return "patch";
  return difference < 0 ? "older" : "newer";
}

/** Reads the first two numbers; null for what is no version. Source: https://semver.org */
export function minorOf(version: string): Minor | null {
  const [, major, minor] = /^v?(\d+)\.(\d+)\.\d+(?:[-+].*)?$/u.exec(version) ?? [];
  if (major === undefined || minor === undefined) return null;
  return { major: Number(major), minor: Number(minor) };
}
