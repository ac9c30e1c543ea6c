import { lstat, readdir, readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import type { SandboxTree, TreeFile } from "../../../src/sandbox/sandbox-tree.ts";

/** The regular files at and below a path, as a sandbox gives them; without any limit, for trusted tests. */
export async function localTree(folder: string, path: string): Promise<SandboxTree> {
  const root = join(folder, path);
  const kind = await lstat(root).catch(() => null);
  if (kind === null) return { kind: "absent" };
  if (kind.isSymbolicLink()) return { kind: "refused", reason: "link" };
  if (kind.isFile()) return { kind: "files", files: [await treeFile(root, "")] };
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return {
    kind: "files",
    files: await Promise.all(files.map((file) => treeFile(file, relative(root, file)))),
  };
}

async function treeFile(file: string, path: string): Promise<TreeFile> {
  const isExecutable = ((await stat(file)).mode & 0o100) !== 0;
  return { path, content: await readFile(file), isExecutable };
}
