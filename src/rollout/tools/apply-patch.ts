import { RollyardError } from "../../errors/rollyard-error.ts";
import type { ExecResult, SandboxSession } from "../../sandbox/port.ts";
import type { ToolRun } from "../agent-setup.ts";
import { applyHunks } from "./apply-hunks.ts";
import { parseUnifiedDiff } from "./unified-diff.ts";
import type { FilePatch } from "./unified-diff.ts";

/** Where a patch goes. */
export interface PatchTarget {
  readonly session: SandboxSession;
  readonly run: Pick<ToolRun, "callId" | "remainingMs" | "signal">;
  readonly timeoutMs: number;
}

/** What the patch came to, as text for the model. */
interface PatchText {
  readonly output: string;
  readonly result: "ok" | "failed";
}

/** A change that is known to fit. Null content removes the file. */
interface Change {
  readonly path: string;
  readonly content: string | null;
  readonly verb: "Added" | "Changed" | "Removed" | "Moved";
}

/** Largest file that a patch changes: sandboxd takes that much. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
/** Files of one patch: each costs the sandbox two calls. */
const MAX_FILES = 100;

/**
 * Applies a unified diff in the sandbox: every hunk is tried first, and nothing is written unless all fit.
 * Each step has an id of its own under the call's. Files are read by a command, so that a driver that takes over gets
 * what the first one read and makes the same writes, which the sandbox then knows.
 */
export async function applyPatch(patch: string, target: PatchTarget): Promise<PatchText> {
  const parsed = parseUnifiedDiff(patch);
  if (!parsed.ok) return failed(parsed.problem);
  if (parsed.files.length > MAX_FILES) return failed(`The patch has more than ${MAX_FILES} files.`);
  const twice = repeatedPath(parsed.files);
  if (twice !== undefined) return failed(`The patch names ${twice} twice: put its hunks together.`);
  const changes: Change[] = [];
  for (const [index, file] of parsed.files.entries()) {
    const planned = await planFile(file, index, target);
    if (typeof planned === "string") return failed(`${planned} Nothing was changed.`);
    changes.push(...planned);
  }
  return writeAll(changes, target);
}

function failed(output: string): PatchText {
  return { output, result: "failed" };
}

function repeatedPath(files: readonly FilePatch[]): string | undefined {
  const paths = files.flatMap((file) => [...new Set([file.oldPath, file.newPath])]);
  const names = paths.filter((path) => path !== null);
  return names.find((path, index) => names.indexOf(path) !== index);
}

/** The changes of one file, or a sentence on why there are none. */
async function planFile(
  file: FilePatch,
  index: number,
  target: PatchTarget,
): Promise<readonly Change[] | string> {
  const { oldPath, newPath } = file;
  const path = oldPath ?? newPath ?? "";
  const read = await readText(path, index, target);
  if (oldPath === null) {
    if (read.kind !== "absent") return `${path} exists already.`;
    return change(file, path, applyHunks("", file.hunks), "Added");
  }
  if (read.kind === "absent") return `${path} can't be read.`;
  if (read.kind === "binary") return `${path} is no text of at most 16 MiB.`;
  const result = applyHunks(read.text, file.hunks);
  if (newPath === null) return removal(path, result);
  if (newPath === oldPath) return change(file, path, result, "Changed");
  const moved = change(file, newPath, result, "Moved");
  return typeof moved === "string" ? moved : [...moved, { path, content: null, verb: "Removed" }];
}

function change(
  file: FilePatch,
  path: string,
  result: ReturnType<typeof applyHunks>,
  verb: Change["verb"],
): readonly Change[] | string {
  if (!result.ok) return `${file.oldPath ?? path}: ${result.problem}`;
  return [{ path, content: result.text, verb }];
}

function removal(path: string, result: ReturnType<typeof applyHunks>): readonly Change[] | string {
  if (!result.ok) return `${path}: ${result.problem}`;
  if (result.text !== "") return `${path}: the patch removes the file but leaves lines of it.`;
  return [{ path, content: null, verb: "Removed" }];
}

type ReadText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "absent" }
  | { readonly kind: "binary" };

async function readText(path: string, index: number, target: PatchTarget): Promise<ReadText> {
  const read = await run(["cat", "--", path], `read-${index}`, target);
  if (read.exitCode !== 0) return { kind: "absent" };
  if (read.truncatedBytes > 0 || read.invalidBytes > 0) return { kind: "binary" };
  return { kind: "text", text: read.stdout };
}

async function writeAll(changes: readonly Change[], target: PatchTarget): Promise<PatchText> {
  const done: string[] = [];
  for (const [index, each] of changes.entries()) {
    if (!(await write(each, index, target))) {
      return failed([...done, `${each.path} can't be written: the patch was applied in part.`].join("\n"));
    }
    done.push(`${each.verb} ${each.path}`);
  }
  return { output: `${done.join("\n")}\n`, result: "ok" };
}

/** False when the sandbox's own files are in the way. */
async function write({ path, content }: Change, index: number, target: PatchTarget): Promise<boolean> {
  if (content === null) {
    const removed = await run(["rm", "-f", "--", path], `write-${index}`, target);
    return removed.exitCode === 0;
  }
  const bytes = new TextEncoder().encode(content);
  if (bytes.length > MAX_FILE_BYTES) return false;
  try {
    await target.session.writeFile(path, bytes, `${target.run.callId}/write-${index}`);
    return true;
  } catch (error) {
    if (error instanceof RollyardError && error.code === "sandbox_write_refused") return false;
    throw error;
  }
}

function run(argv: readonly string[], step: string, target: PatchTarget): Promise<ExecResult> {
  const { callId, remainingMs, signal } = target.run;
  const timeoutMs = Math.max(1, Math.floor(Math.min(target.timeoutMs, remainingMs)));
  return target.session.exec(
    { callId: `${callId}/${step}`, argv, timeoutMs, maxOutputBytes: MAX_FILE_BYTES },
    signal,
  );
}
