import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { SANDBOX_PATH } from "../sandbox/sandbox-path.ts";

/** The Python that graders run on. */
export interface PythonInstall {
  /** Absolute path of the interpreter, the same inside a sandbox. */
  readonly executable: string;
  /** Such as 3.11.2. */
  readonly version: string;
}

/**
 * What `python3` is in a sandbox: in one of the image, or (null) in one that sees this machine's /usr. Null when it is
 * missing or older than 3.10; `unknown` where there is no engine, or an image is not here yet.
 */
export type FindPython = (image: string | null) => Promise<PythonInstall | "unknown" | null>;

const MINIMUM_MINOR = 10;

const PROBE = "import sys; print(sys.executable, '.'.join(map(str, sys.version_info[:3])), sep='\\n')";

const PROBE_ARGS = ["-I", "-c", PROBE];

/** What `docker run` exits with for a command that the image has not. */
const NOT_FOUND = 127;

const run = promisify(execFile);

/** Asks the one `python3` that a sandbox would run: another one on this machine helps no grader. */
export const findPython: FindPython = (image) => (image === null ? findHostPython() : findImagePython(image));

/** {@link findPython} for sandboxes without an image, in the folders of the PATH `searchPath`. */
export async function findHostPython(searchPath = SANDBOX_PATH): Promise<PythonInstall | null> {
  for (const folder of searchPath.split(":")) {
    const candidate = join(folder, "python3");
    if (await isProgram(candidate)) return asked(candidate, PROBE_ARGS).catch(() => null);
  }
  return null;
}

async function findImagePython(image: string): Promise<PythonInstall | "unknown" | null> {
  const container = ["run", "--rm", "--network", "none", "--pull", "never"];
  try {
    await run("docker", ["image", "inspect", image], { timeout: 10_000 });
  } catch {
    return "unknown";
  }
  const args = [...container, "--entrypoint", "python3", image, ...PROBE_ARGS];
  return asked("docker", args).catch((error: unknown) =>
    exitCodeOf(error) === NOT_FOUND ? null : "unknown",
  );
}

function exitCodeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** Rejects when the command fails. */
async function asked(command: string, args: readonly string[]): Promise<PythonInstall | null> {
  const { stdout } = await run(command, args, { timeout: 30_000 });
  const [executable = "", version = ""] = stdout.trim().split("\n");
  const [major, minor] = version.split(".").map(Number);
  return major === 3 && (minor ?? 0) >= MINIMUM_MINOR ? { executable, version } : null;
}

async function isProgram(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
