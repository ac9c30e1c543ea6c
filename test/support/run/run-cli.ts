import { spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** How a command ended. */
export interface CliEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface RunningCli {
  readonly pid: number;
  readonly ended: Promise<CliEnd>;
  /** Resolves with the match once the command has said it on either stream. Rejects when it ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  /** Sends input to one that takes any. */
  type(text: string): void;
}

/** Environment variables over the test's own. */
export type CliEnv = Readonly<Record<string, string>>;

/** Starts the real command line. */
export function startCli(args: readonly string[], env: CliEnv = {}): RunningCli {
  return startProgram(nodeCommand("services/cli/main.ts", args), env);
}

/** Starts the real command line with all its streams on one terminal; what that shows is its stdout. */
export function startOnTerminal(args: readonly string[], env: CliEnv = {}): RunningCli {
  const words = nodeCommand("services/cli/main.ts", args).map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  return startProgram(["script", "-qec", words.join(" "), "/dev/null"], env, { takesInput: true });
}

/** The command that runs a program of this repository with this process's Node. */
export function nodeCommand(script: string, args: readonly string[]): readonly string[] {
  return [globalThis.process.execPath, path.join(ROOT, script), ...args];
}

/**
 * Starts a command with the programs that the set-up has built; `ownGroup` in a process group of its own, as a shell does;
 * one that `takesInput` finds no end of it by itself.
 */
export function startProgram(
  command: readonly string[],
  env: CliEnv = {},
  {
    ownGroup = false,
    takesInput = false,
  }: { readonly ownGroup?: boolean; readonly takesInput?: boolean } = {},
): RunningCli {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: ROOT,
    detached: ownGroup,
    env: { ...withPrograms(), ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // It may have ended before it read anything.
  child.stdin.on("error", () => undefined);
  if (!takesInput) child.stdin.end();
  const texts = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
      for (const look of waiting) look();
    });
  }
  const ended = new Promise<CliEnd>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...texts }));
  });
  return {
    pid: child.pid ?? 0,
    ended,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(texts.stderr) ?? pattern.exec(texts.stdout);
          if (found !== null) resolve(found);
        };
        waiting.add(look);
        look();
        const tooLate = (end: CliEnd): void =>
          reject(new Error(`ended with ${end.code} before it said ${pattern.source}: ${end.stderr}`));
        void ended.then(tooLate, reject);
      }),
    kill: (signal) => void child.kill(signal),
    type: (text) => void child.stdin.write(text),
  };
}

/** Tests stand where main.ts would be: they hand the environment on. */
function withPrograms(): NodeJS.ProcessEnv {
  const inherited = globalThis.process.env;
  const bin = path.join(ROOT, ".cache", "bin");
  return {
    ...inherited,
    ROLLYARD_NATS_SERVER: inherited["ROLLYARD_NATS_SERVER"] ?? path.join(bin, "nats-server"),
    ROLLYARD_SANDBOXD: inherited["ROLLYARD_SANDBOXD"] ?? path.join(bin, "sandboxd"),
    NODE_COMPILE_CACHE: inherited["NODE_COMPILE_CACHE"] ?? path.join(ROOT, ".cache", "compile"),
  };
}
