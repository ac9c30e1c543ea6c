import { readFileSync } from "node:fs";

/** Reads a kernel setting; null where it does not exist. */
export type SettingReader = (path: string) => string | null;

const SETTINGS: readonly (readonly [path: string, refuses: string, fix: string])[] = [
  [
    "/proc/sys/kernel/unprivileged_userns_clone",
    "0",
    "run `sudo sysctl -w kernel.unprivileged_userns_clone=1`",
  ],
  [
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    "1",
    "allow it with an AppArmor profile for the program, or run `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`",
  ],
  ["/proc/sys/user/max_user_namespaces", "0", "run `sudo sysctl -w user.max_user_namespaces=15000`"],
];

/** One sentence that says why a program may not make namespaces here, and what allows it. */
export function namespaceAdvice(program: string, read: SettingReader = readSetting): string {
  const setting = SETTINGS.find(([path, refuses]) => read(path) === refuses);
  const fix =
    setting?.[2] ??
    "allow user namespaces here (in a container: start it with `--security-opt seccomp=unconfined`)";
  return `${program} can't isolate a sandbox, because this system restricts user namespaces: ${fix}, or start a Docker engine and set spec.sandbox.image.`;
}

function readSetting(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
