import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";

/**
 * A POSIX shell that keeps a program from outliving us, also after SIGKILL: its standard input is a pipe that only
 * we hold, and its end kills the program. Line 1 of its output is the program's pid; it ends with the program.
 * Where setpriv is there (Linux), the program dies with the shell too.
 */
const WATCHER = `
exec 3<&0 4>&1
if command -v setpriv >/dev/null 2>&1; then set -- setpriv --pdeathsig KILL "$@"; fi
"$@" </dev/null >/dev/null 2>&1 3<&- 4>&- &
program=$!
(read -r _ <&3; kill -KILL "$program") >/dev/null 2>&1 4>&- &
watch=$!
echo "$program" >&4
exec 3<&- 4>&- >/dev/null
wait "$program"
code=$?
kill "$watch" 2>/dev/null
exit "$code"
`;

/** A program that ends with us. */
export interface SupervisedChild {
  readonly pid: number;
  /** Resolves with the exit code; above 128 it was a signal. */
  readonly ended: Promise<number>;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/**
 * Starts a program that does not get our terminal's signals (Ctrl-C ends us in good order first) and that can't
 * outlive us. Its output is dropped. Rejects when no shell can be started.
 */
export async function spawnSupervised(program: string, args: readonly string[]): Promise<SupervisedChild> {
  const shell = spawn("/bin/sh", ["-c", WATCHER, "rollyard-watch", program, ...args], {
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
  });
  // Writing to it never happens; its closing early is the program's end.
  shell.stdin.on("error", () => undefined);
  const ended = exitOf(shell);
  const pid = await firstLine(shell);
  const kill = (signal: "SIGTERM" | "SIGKILL"): void => signalPid(pid, signal);
  return {
    pid,
    // Should somebody have killed the shell alone, the program must not stay behind.
    ended: ended.then((code) => {
      if (code === SHELL_KILLED) kill("SIGKILL");
      return code;
    }),
    kill,
  };
}

/** The shell itself, not the program, ended by a signal. */
const SHELL_KILLED = -1;

function exitOf(shell: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    shell.once("exit", (code) => resolve(code ?? SHELL_KILLED));
    shell.once("error", () => resolve(SHELL_KILLED));
  });
}

function firstLine(shell: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = "";
    shell.once("error", reject);
    shell.once("exit", () => reject(new Error("the watching shell ended before it started its program")));
    shell.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve(Number(text.trim()));
    });
  });
}

function signalPid(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended before.
  }
}
