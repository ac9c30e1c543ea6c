import { execFile } from "node:child_process";

/** How a short trial of a program ended. */
export interface ProbeResult {
  /** Null when the program is not installed, can't be started as this user, or did not end in time. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const WITHIN_MS = 15_000;

/** Runs a program to see what it can do here, as the user or as an unprivileged one. */
export function probeCommand(argv: readonly string[], uid: number | null): Promise<ProbeResult> {
  const [program = "", ...args] = argv;
  const user = uid === null ? {} : { uid, gid: uid };
  return new Promise((resolve) => {
    const options = { timeout: WITHIN_MS, cwd: "/", ...user };
    try {
      execFile(program, args, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        resolve({ exitCode: typeof code === "number" ? code : null, stdout, stderr });
      });
    } catch {
      // Root of a user namespace without that user (a rootless container) can't become it: EINVAL, thrown at once.
      resolve({ exitCode: null, stdout: "", stderr: "" });
    }
  });
}
