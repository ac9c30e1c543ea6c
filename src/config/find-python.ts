import { execFile } from "node:child_process";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** A Python that can run graders. */
export interface PythonInstall {
  /** Absolute path of the interpreter. */
  readonly executable: string;
  /** Folder of its installation; a sandbox must be able to read it. */
  readonly prefix: string;
  /** `[major, minor]`. */
  readonly version: readonly [number, number];
}

/**
 * Looks for a Python ≥ 3.10 in `firstFolders` (default: those that every local sandbox sees), then in the folders of
 * PATH; undefined when there is none.
 */
export type FindPython = (
  pathVariable: string | undefined,
  firstFolders?: readonly string[],
) => Promise<PythonInstall | undefined>;

const MINIMUM_MINOR = 10;

const SYSTEM_FOLDERS = ["/usr/bin", "/usr/local/bin", "/bin"];

const PROBE = "import sys; print(sys.executable, sys.base_prefix, *sys.version_info[:2], sep='\\n')";

const run = promisify(execFile);

/** Asks each `python3` and `python` for its version. */
export const findPython: FindPython = async (pathVariable, firstFolders = SYSTEM_FOLDERS) => {
  const folders = new Set([...firstFolders, ...(pathVariable ?? "").split(delimiter)]);
  for (const folder of folders) {
    if (!folder.startsWith("/")) continue;
    for (const name of ["python3", "python"]) {
      const found = await probe(join(folder, name));
      if (found !== undefined && found.version[0] === 3 && found.version[1] >= MINIMUM_MINOR) return found;
    }
  }
  return undefined;
};

async function probe(candidate: string): Promise<PythonInstall | undefined> {
  try {
    const { stdout } = await run(candidate, ["-I", "-c", PROBE], { timeout: 10_000 });
    const [executable = "", prefix = "", major, minor] = stdout.trim().split("\n");
    return { executable, prefix, version: [Number(major), Number(minor)] };
  } catch {
    return undefined;
  }
}
