import path from "node:path";

/** A file as the user would name it: relative when it is below `cwd`. */
export function shownPath(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  return relative === "" || relative.startsWith("..") ? file : relative;
}
