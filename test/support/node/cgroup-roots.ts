import { readFile } from "node:fs/promises";

/** Folders of this machine's hierarchies of cgroups that the kubelet looks into: each of version 1, or the one of version 2. */
export async function cgroupRoots(): Promise<readonly string[]> {
  const mounts = (await readFile("/proc/mounts", "utf8")).split("\n").map((line) => line.split(" "));
  const of = (type: string): readonly string[] =>
    mounts.flatMap(([, path = "", found]) => (found === type ? [path] : []));
  const first = of("cgroup");
  return first.length > 0 ? first : of("cgroup2");
}
