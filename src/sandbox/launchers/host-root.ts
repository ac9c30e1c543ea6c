import { lstatSync, readlinkSync, realpathSync, existsSync } from "node:fs";
import { SHARED_ETC } from "./minimal-etc.ts";

/** What of this machine's root a sandbox gets. */
export interface HostRoot {
  /** `/bin` and its like: a link into `/usr`, or a folder of its own. */
  readonly entries: readonly RootEntry[];
  /** Names below `/etc` that exist here. */
  readonly etc: readonly string[];
  /** Where `/etc/resolv.conf` really is, or null. */
  readonly resolvConf: string | null;
}

/** One name in `/`. */
export type RootEntry =
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | { readonly kind: "folder"; readonly path: string };

const ROOT_NAMES = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/** Looks at this machine once. */
export function readHostRoot(): HostRoot {
  return {
    entries: ROOT_NAMES.flatMap(rootEntry),
    etc: SHARED_ETC.filter((name) => existsSync(`/etc/${name}`)),
    resolvConf: existsSync("/etc/resolv.conf") ? realpathSync("/etc/resolv.conf") : null,
  };
}

function rootEntry(path: string): readonly RootEntry[] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  if (found.isSymbolicLink()) return [{ kind: "link", path, target: readlinkSync(path) }];
  return [{ kind: "folder", path }];
}
