import type { PodContainer } from "./pod-view.ts";

/** Where a pod's sandboxd runs on this machine. */
export interface SandboxdHome {
  /** Path of the program. */
  readonly binary: string;
  /** A loopback address of the pod's own. */
  readonly address: string;
  /** What the container's image has in its workdir, copied. */
  readonly workdir: string;
  /** Its `/tmp`. */
  readonly temporary: string;
  /** Where it leaves the last words that its pod's status gets. */
  readonly message: string;
}

/** A container's own command as an ordinary process. */
export interface SandboxdCommand {
  readonly argv: readonly string[];
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
}

/** What a process outside of a pod can't have: it would kill, or refuse, everything on this machine. */
const POD_ONLY = new Set(["--pid-namespace", "--refuse-local-peers"]);

const MESSAGE_OPTION = "--termination-message";

/**
 * The container's command line with the few changes that a process outside of a pod needs: its address, its folders, and
 * its end with its parent. Null for a container that runs no `sandboxd serve`.
 */
export function sandboxdCommand(container: PodContainer, home: SandboxdHome): SandboxdCommand | null {
  const env = Object.fromEntries((container.env ?? []).map(({ name, value = "" }) => [name, value]));
  const words = [...(container.command ?? []), ...(container.args ?? [])].map((word) => expand(word, env));
  const at = words.indexOf("serve");
  if (at < 0) return null;
  const options = splitOptions(words.slice(at + 1));
  const port = Number(
    options
      .find(([name]) => name === "--listen")?.[1]
      ?.split(":")
      .at(-1),
  );
  if (!Number.isInteger(port)) return null;
  const ours = new Map<string, string>([
    ["--listen", `tcp:${home.address}:${port}`],
    ["--workdir", home.workdir],
    ["--spill-dir", home.temporary],
  ]);
  // A container is never started again by this node: the marker of its first start is of no use, nor is its user's limit,
  // which counts all processes of a user.
  const dropped = new Set([...POD_ONLY, "--boot-marker", "--max-processes", ...ours.keys()]);
  const kept = options
    .filter(([name]) => !dropped.has(name))
    .map(([name, ...values]) => (name === MESSAGE_OPTION ? [name, home.message] : [name, ...values]));
  const ends = ["--stop-with-stdin", "--die-with-parent"];
  const argv = [home.binary, "serve", ...kept.flat(), ...[...ours].flat(), ...ends];
  return { argv, port, env };
}

/** Options with their values: `--name value`, `--name=value`, or a `--name` alone. */
function splitOptions(words: readonly string[]): readonly (readonly [string, ...string[]])[] {
  const options: [string, ...string[]][] = [];
  for (const word of words) {
    const last = options.at(-1);
    if (word.startsWith("--")) {
      const [name = "", ...value] = word.split("=");
      options.push(value.length === 0 ? [name] : [name, value.join("=")]);
    } else last?.push(word);
  }
  return options;
}

/** `$(NAME)` filled in and `$$` made `$`, as a kubelet does. */
function expand(word: string, env: Readonly<Record<string, string>>): string {
  return word.replaceAll(/\$\$|\$\(([A-Za-z_][A-Za-z0-9_]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? "$" : (env[name] ?? whole),
  );
}
