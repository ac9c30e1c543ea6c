import { statSync } from "node:fs";
import { dirname } from "node:path";

const OTHERS_SEARCH = 0o001;
const OTHERS_READ_EXECUTE = 0o005;

/** Whether a user that is neither owner nor in the group can run the program at an absolute path. */
export function isReachableByOthers(program: string): boolean {
  if ((statSync(program).mode & OTHERS_READ_EXECUTE) !== OTHERS_READ_EXECUTE) return false;
  for (let folder = dirname(program); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & OTHERS_SEARCH) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
