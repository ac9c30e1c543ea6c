import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { chmod, cp, mkdir, readFile, rm } from "node:fs/promises";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import type { SandboxdCommand, SandboxdHome } from "./sandboxd-command.ts";
import type { ContainerEnd } from "./pod-status.ts";

/** Longest answer of a health check. */
const ANSWER_MS = 2000;
const POLL_MS = 20;
/** Nobody: what it runs is not ours. */
const UNPRIVILEGED = 65_534;

/** A pod's folders on this machine. */
export interface PodFolder {
  readonly root: string;
  /** Folder whose copy the workdir is, or null. */
  readonly corpus: string | null;
}

/** One pod's sandboxd as a process here. It ends with us: its standard input does. */
export class PodProcess {
  /** Resolves when the process is gone. */
  readonly ended: Promise<ContainerEnd>;
  readonly #child: ChildProcess;
  readonly #health: string;
  #isGone = false;

  private constructor(child: ChildProcess, home: SandboxdHome, port: number) {
    this.#child = child;
    this.#health = `http://${home.address}:${port}/healthz`;
    child.stdin?.on("error", () => undefined);
    const exited = new Promise<ContainerEnd>((resolve) => {
      child.once("error", () => resolve({ exitCode: 128, signal: 0, reason: "StartError" }));
      child.once("exit", (code, signal) => resolve(endOf(code, signal)));
    });
    this.ended = exited.then(async (end) => ({
      ...end,
      message: await readFile(home.message, "utf8").catch(() => ""),
    }));
    void this.ended.then(() => {
      this.#isGone = true;
    });
  }

  /** Makes the folders and starts the program; it may not be ready yet. */
  static async start(
    { argv, port, env }: SandboxdCommand,
    home: SandboxdHome,
    { root, corpus }: PodFolder,
  ): Promise<PodProcess> {
    await mkdir(home.temporary, { recursive: true });
    if (corpus === null) await mkdir(home.workdir, { recursive: true });
    else await cp(corpus, home.workdir, { recursive: true, verbatimSymlinks: true });
    await mkdir(dirname(home.message));
    await chmod(root, 0o711);
    for (const folder of [home.workdir, home.temporary, dirname(home.message)]) await chmod(folder, 0o777);
    const [program = "", ...args] = argv;
    const isRoot = process.getuid?.() === 0;
    const child = spawn(program, args, {
      cwd: home.workdir,
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
      env: { PATH: "/usr/local/bin:/usr/bin:/bin", ...env },
      ...(isRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {}),
    });
    return new PodProcess(child, home, port);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves with true once it says that it is ready, with false when it ended before. */
  async untilReady(): Promise<boolean> {
    while (!this.#isGone) {
      const answer = await fetch(this.#health, { signal: AbortSignal.timeout(ANSWER_MS) }).then(
        ({ ok }) => ok,
        () => false,
      );
      if (answer) return true;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return false;
  }

  /** SIGKILL: by the agent's doing, as far as anybody can tell. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Ends it and removes its folder. Safe to repeat. */
  async remove({ root }: PodFolder): Promise<void> {
    this.kill();
    await this.ended;
    await rm(root, { recursive: true, force: true });
  }
}

/** The folders of a pod in its root. */
export function podHome(root: string, binary: string, address: string): SandboxdHome {
  const temporary = join(root, "tmp");
  return { binary, address, workdir: join(root, "workdir"), temporary, message: join(root, "message/text") };
}

function endOf(code: number | null, signal: NodeJS.Signals | null): ContainerEnd {
  const number = signal === null ? 0 : constants.signals[signal];
  const exitCode = code ?? 128 + number;
  return { exitCode, signal: number, reason: exitCode === 0 ? "Completed" : "Error" };
}
