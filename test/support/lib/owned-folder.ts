import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Inside of each folder: the process that it ends with. */
const OWNER = ".owner";

/**
 * Makes a folder of this process's own, and removes those of the same beginning whose process was killed before it removed
 * them: an etcd's takes 120 MB. `onSwept` is told of each. One that is on no record stays.
 */
export async function ownedFolder(
  prefix: string,
  onSwept: (name: string) => Promise<void> = () => Promise.resolve(),
): Promise<string> {
  const parent = tmpdir();
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix) || !(await isAbandoned(join(parent, name)))) continue;
    // Somebody else may be at it too.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
    await onSwept(name);
  }
  const folder = await mkdtemp(join(parent, prefix));
  const own = await identityOf("self");
  if (own !== null) await writeFile(join(folder, OWNER), JSON.stringify({ pid: process.pid, own }));
  return folder;
}

async function isAbandoned(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, OWNER), "utf8").catch(() => "");
  if (text === "") return false;
  const { pid, own } = JSON.parse(text) as { readonly pid: number; readonly own: Identity };
  const here = await identityOf("self");
  if (here === null || here.namespace !== own.namespace) return false;
  return (await identityOf(String(pid)))?.startedAt !== own.startedAt;
}

interface Identity {
  /** Of process ids: those of another say nothing here. */
  readonly namespace: string;
  /** A process id is given again, at another time. */
  readonly startedAt: string;
}

/** Null when there is no such process, or no /proc. */
async function identityOf(pid: string): Promise<Identity | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const startedAt = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
    return { namespace: await readlink(`/proc/${pid}/ns/pid`), startedAt };
  } catch {
    return null;
  }
}
