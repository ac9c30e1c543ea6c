import { lstat, readFile, readdir } from "node:fs/promises";
import path from "node:path";
import type { AgentFiles } from "../../../src/grader/agent-files.ts";
import { AGENT_FILES_LIMITS } from "../../../src/grader/agent-files.ts";
import type { SandboxTree, TreeFile } from "../../../src/sandbox/sandbox-tree.ts";

/** What graders find of an agent that did nothing: the folder that is laid into the workdir, or nothing where there is none. */
export function untouchedFiles(localFolder: string | undefined): AgentFiles {
  return {
    take: async (wanted) => (localFolder === undefined ? ABSENT : treeAt(localFolder, wanted)),
  };
}

const ABSENT: SandboxTree = { kind: "absent" };
const OUTSIDE: SandboxTree = { kind: "refused", reason: "link" };
const TOO_LARGE: SandboxTree = { kind: "refused", reason: "too_large" };

async function treeAt(folder: string, wanted: string): Promise<SandboxTree> {
  const place = path.resolve(folder, wanted);
  if (place !== folder && !place.startsWith(folder + path.sep)) return OUTSIDE;
  const found = await filesUnder(place);
  if (found === null) return ABSENT;
  if (found.length > AGENT_FILES_LIMITS.maxEntries) return TOO_LARGE;
  const files: TreeFile[] = [];
  let left = AGENT_FILES_LIMITS.maxBytes;
  for (const { file, mode, size } of found) {
    left -= size;
    if (left < 0) return TOO_LARGE;
    const relative = path.relative(place, file).split(path.sep).join("/");
    files.push({ path: relative, content: await readFile(file), isExecutable: (mode & 0o100) !== 0 });
  }
  return { kind: "files", files };
}

interface FoundFile {
  readonly file: string;
  readonly mode: number;
  readonly size: number;
}

/** Regular files at a place and below it, without links; null when there is nothing. */
async function filesUnder(place: string): Promise<readonly FoundFile[] | null> {
  const [stat] = await Promise.allSettled([lstat(place)]);
  if (stat.status === "rejected") return null;
  const { value } = stat;
  if (value.isFile()) return [{ file: place, mode: value.mode, size: value.size }];
  if (!value.isDirectory()) return null;
  const found: FoundFile[] = [];
  for (const { parentPath, name } of await readdir(place, { recursive: true, withFileTypes: true })) {
    const file = path.join(parentPath, name);
    const entry = await lstat(file);
    if (entry.isFile()) found.push({ file, mode: entry.mode, size: entry.size });
  }
  return found;
}
