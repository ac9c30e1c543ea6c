import type { SandboxTree } from "../../sandbox/sandbox-tree.ts";
import { AGENT_FILES_LIMITS } from "../agent-files.ts";
import type { GraderFile } from "./grader-file.ts";

/** One entry of `files`, and what the agent's sandbox has there. */
export interface TakenPath {
  readonly to: string;
  readonly tree: SandboxTree;
}

/** What of the agent's files a clean sandbox gets. */
export type LayOut =
  | {
      readonly kind: "laid_out";
      readonly files: readonly GraderFile[];
      /** A path that was asked for has nothing. */
      readonly isIncomplete: boolean;
      /** The agent ended its sandbox: nothing of it can be read. */
      readonly isEnded: boolean;
    }
  | { readonly kind: "refused"; readonly reason: "too_large" | "link" };

/** Our own folder in a clean sandbox. */
export const OWN_FOLDER = ".rollyard";

/**
 * Places the agent's files where the grader wants them. Wherever one would stand in the way of a file of the author's (as
 * the same file, as its folder, or below it), the author's is the one that counts. Pure.
 */
export function layOut(taken: readonly TakenPath[], assets: readonly GraderFile[]): LayOut {
  const refused = taken.map(({ tree }) => tree).find((tree) => tree.kind === "refused");
  if (refused !== undefined) return { kind: "refused", reason: refused.reason };
  const ours = new Guarded([...assets.map(({ path }) => path), `${OWN_FOLDER}/any`]);
  const placed = new Map(
    taken
      .flatMap(placedFiles)
      .filter(({ path }) => !ours.isInTheWay(path))
      .map((file) => [file.path, file]),
  );
  const files = withoutFolders([...placed.values()]);
  const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
  if (bytes > AGENT_FILES_LIMITS.maxBytes) return { kind: "refused", reason: "too_large" };
  const absent = taken.flatMap(({ tree }) => (tree.kind === "absent" ? [tree] : []));
  return {
    kind: "laid_out",
    files,
    isIncomplete: absent.length > 0,
    isEnded: absent.some(({ ended }) => ended === true),
  };
}

function placedFiles({ to, tree }: TakenPath): readonly GraderFile[] {
  if (tree.kind !== "files") return [];
  const folder = plainPath(to);
  return tree.files.map(({ path, content, isExecutable }) => ({
    path: [folder, path].filter((part) => part !== "").join("/"),
    content,
    isExecutable,
  }));
}

/** Without `.` and empty parts; the workdir itself is empty. */
export function plainPath(path: string): string {
  return path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}

/** Two paths of the agent's may ask for a file and for a folder of that name: then the folder is meant. */
function withoutFolders(files: readonly GraderFile[]): readonly GraderFile[] {
  const folders = new Set(files.flatMap(({ path }) => foldersOf(path)));
  return files.filter(({ path }) => path !== "" && !folders.has(path));
}

function foldersOf(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

class Guarded {
  readonly #files: ReadonlySet<string>;
  readonly #folders: ReadonlySet<string>;

  constructor(paths: readonly string[]) {
    this.#files = new Set(paths);
    this.#folders = new Set(paths.flatMap(foldersOf));
  }

  isInTheWay(path: string): boolean {
    if (this.#files.has(path) || this.#folders.has(path)) return true;
    return path.startsWith(`${OWN_FOLDER}/`) || foldersOf(path).some((folder) => this.#files.has(folder));
  }
}
