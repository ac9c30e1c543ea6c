import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";

/** What is started in namespaces of its own. */
export interface KeptNamespaceOptions {
  /** Removed at the end; its file `log` gets what the script prints. */
  readonly folder: string;
  /** Part of the path of every cgroup that is removed at the end. */
  readonly cgroup: string;
  /**
   * A POSIX shell script, the first process of the namespaces; everything ends with it. It gets `argv` as its arguments, and
   * our pipe as its standard input, whose end means that it has to end.
   */
  readonly script: string;
  readonly argv: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** Processes in a PID and a mount namespace of their own. */
export interface KeptNamespace {
  /** Sends the script a line. */
  say(line: string): void;
  /** Resolves with the last words once nothing of it is left, whoever ended it. */
  readonly ended: Promise<string>;
  /** Ends everything in it. Safe to repeat. */
  stop(): Promise<void>;
}

/** Around the namespaces: removes what they don't take along. It outlives us by what that takes, also after SIGKILL. */
const KEEPER = `
folder=$1 cgroup=$2 script=$3
shift 3
unshare --mount --mount-proc --pid --fork --kill-child sh -c "$script" first "$@" >"$folder/log" 2>&1
find /sys/fs/cgroup -depth -type d -path "*$cgroup*" -exec rmdir {} + 2>/dev/null
tail -n 1 "$folder/log"
rm -rf "$folder"
`;

/** Removes the cgroups of one whose keeper was killed too, as far as nothing is in them. */
export async function removeCgroups(cgroup: string): Promise<void> {
  const which = ["/sys/fs/cgroup", "-depth", "-type", "d", "-path", `*${cgroup}*`];
  await promisify(execFile)("find", [...which, "-exec", "rmdir", "{}", "+"]).catch(() => undefined);
}

/**
 * Starts a script in a PID and a mount namespace of its own; it needs root. It ends with us, however we end: what keeps it
 * alive is a pipe that only we hold. The kernel then kills whatever it started, and the mounts go with the last process.
 */
export function keepNamespace({ folder, cgroup, script, argv, env }: KeptNamespaceOptions): KeptNamespace {
  const keeper = spawn("/bin/sh", ["-c", KEEPER, "keeper", folder, cgroup, script, ...argv], {
    // A session of its own: Ctrl-C on the terminal is ours to handle.
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
    cwd: "/",
    ...(env === undefined ? {} : { env }),
  });
  keeper.stdin.on("error", () => undefined);
  const ended = new Promise<string>((resolve) => {
    let words = "";
    keeper.stdout.setEncoding("utf8").on("data", (text: string) => (words += text));
    keeper.once("error", (error) => resolve(error.message));
    keeper.once("close", () => resolve(words.trim()));
  });
  const stop = async (): Promise<void> => {
    keeper.stdin.end();
    await ended;
  };
  return { say: (line) => void keeper.stdin.write(`${line}\n`), ended, stop };
}
