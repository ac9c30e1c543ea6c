import { RollyardError } from "../../../src/errors/rollyard-error.ts";

/** What the operating system says of a place that can't be written. */
const UNWRITABLE: ReadonlySet<string> = new Set([
  "EACCES",
  "EDQUOT",
  "EEXIST",
  "EIO",
  "ENAMETOOLONG",
  "ENOENT",
  "ENOSPC",
  "ENOTDIR",
  "EPERM",
  "EROFS",
]);

const FULL: ReadonlySet<string> = new Set(["EDQUOT", "ENOSPC"]);

/** The `output_unwritable` that an error of the file system below a run folder is; null for every other error. */
export function unwritable(folder: string, thrown: unknown): RollyardError | null {
  const code = errnoOf(thrown);
  if (code === null || !UNWRITABLE.has(code)) return null;
  const message = FULL.has(code)
    ? `The disk of ${folder} is full (${code}); free some space, then the same command goes on.`
    : `The folder ${folder} can't be written (${code}); give another by --out.`;
  return new RollyardError("output_unwritable", { message, cause: thrown });
}

function errnoOf(thrown: unknown): string | null {
  if (thrown instanceof RollyardError || !(thrown instanceof Error) || !("code" in thrown)) return null;
  return typeof thrown.code === "string" ? thrown.code : null;
}
