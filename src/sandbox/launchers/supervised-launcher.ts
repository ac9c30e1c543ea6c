import { copyFile, chmod, cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { RollyardError } from "../../errors/rollyard-error.ts";
import type { LaunchedSandbox, LaunchRequest, SandboxLauncher } from "../port.ts";
import { sweepBaseFolders, sweepLostFolder } from "./base-folder.ts";
import { launchSupervisor } from "./launch-supervisor.ts";
import type { LaunchedSupervisor } from "./launch-supervisor.ts";
import { isReachableByOthers } from "./reachable.ts";
import { unprivilegedUids } from "./run-as.ts";
import type { BoxCommand } from "./supervisor.ts";

/** The folders of one sandbox on the machine. */
export interface BoxPlace {
  readonly root: string;
  readonly workdir: string;
  readonly socket: string;
  /** A path of sandboxd that the sandbox's user can reach. */
  readonly sandboxd: string;
  /** The unprivileged user that it will run as, or null for our own. */
  readonly uid: number | null;
  /** The request's virtual environment, where the sandbox's user can reach it; null without one. */
  readonly venv: string | null;
}

/** What one kind of launcher decides: how the sandbox's command looks. */
export type BoxBuilder = (
  request: LaunchRequest,
  place: BoxPlace,
) => Pick<BoxCommand, "argv" | "env" | "files">;

/** How sandboxes of one kind are started. */
export interface SupervisedLauncherOptions {
  readonly name: SandboxLauncher["name"];
  readonly notEnforced: readonly string[];
  /** Path of the sandboxd program. */
  readonly sandboxd: string;
  readonly build: BoxBuilder;
  /** Whether the supervisor listens and hands the socket over, as it does by default; else sandboxd makes it. */
  readonly passesSocket?: boolean;
  /** Called when a sandbox is ready, before anybody gets it. */
  readonly onReady?: (place: BoxPlace) => Promise<void>;
  readonly isRoot?: boolean;
}

/** A supervisor and what it was started with. */
interface SupervisorNode extends LaunchedSupervisor {
  readonly sandboxd: string;
  /** Copies of virtual environments that a sandbox's user could not reach, by their origin. */
  readonly venvs: Map<string, Promise<string>>;
}

/** Starts sandboxes under a supervisor, which it starts again when it was lost. */
export class SupervisedLauncher implements SandboxLauncher {
  readonly name: SandboxLauncher["name"];
  readonly notEnforced: readonly string[];
  readonly #options: SupervisedLauncherOptions;
  readonly #isRoot: boolean;
  readonly #nextUid: () => number | null;
  #node: Promise<SupervisorNode> | null = null;
  #isClosed = false;

  constructor(options: SupervisedLauncherOptions) {
    this.#options = options;
    this.name = options.name;
    this.notEnforced = options.notEnforced;
    this.#isRoot = options.isRoot ?? process.getuid?.() === 0;
    this.#nextUid = unprivilegedUids(this.#isRoot);
  }

  /** The supervisor's process id, or null before the first start. */
  async supervisorPid(): Promise<number | null> {
    return (await this.#node)?.supervisor.pid ?? null;
  }

  async start(request: LaunchRequest): Promise<LaunchedSandbox> {
    const node = await this.#currentNode();
    const { supervisor, base, sandboxd } = node;
    const root = join(base, request.sandboxUid);
    const socket = join(root, "s/s");
    const venv = await this.#reachableVenv(request.venv ?? null, node);
    const place = { root, workdir: join(root, "workdir"), socket, sandboxd, uid: this.#nextUid(), venv };
    const box = await supervisor.start({
      id: request.sandboxUid,
      root,
      copyFrom: request.localFolder,
      workdir: place.workdir,
      uid: place.uid,
      socket: { path: socket, passFd: this.#options.passesSocket ?? true },
      readyTimeoutMs: request.spec.readySeconds * 1000,
      ...this.#options.build(request, place),
    });
    const stop = (): Promise<void> => supervisor.stop(request.sandboxUid);
    await this.#options.onReady?.(place);
    // What a dead sandbox leaves is removed at once.
    void box.ended.then(stop);
    const endpoint = { kind: "unix", path: socket } as const;
    return { sandboxUid: request.sandboxUid, endpoint, ended: box.ended, stop };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#closeNode();
    // What others left that were killed together with their supervisors: nobody else may start here for long. All of
    // our own is closed by now, so that a sweep which fails must not fail the close: whoever closes next sweeps again.
    await sweepBaseFolders(this.#options.sandboxd).catch(() => undefined);
  }

  async #closeNode(): Promise<void> {
    const node = await this.#node?.catch(() => null);
    if (node === null || node === undefined) return;
    await node.supervisor.close();
    // One that was killed could not clean up; of any other nothing is left to sweep.
    await sweepLostFolder(this.#options.sandboxd, node.base);
  }

  /** The live supervisor; of all starts that find none, the first makes one and the others wait for it. */
  async #currentNode(): Promise<SupervisorNode> {
    for (;;) {
      if (this.#isClosed) throw new RollyardError("sandbox_start_failed", { details: { reason: "closed" } });
      const current = this.#node;
      const node = await current?.catch(() => null);
      if (node !== null && node !== undefined && !node.supervisor.isLost) return node;
      if (this.#node !== current) continue;
      this.#node = this.#newNode(node?.base ?? null);
      return await this.#node;
    }
  }

  async #newNode(lostBase: string | null): Promise<SupervisorNode> {
    const { sandboxd } = this.#options;
    if (lostBase === null) await sweepBaseFolders(sandboxd);
    else await sweepLostFolder(sandboxd, lostBase);
    const { supervisor, base } = await launchSupervisor(sandboxd);
    const venvs = new Map<string, Promise<string>>();
    if (!this.#isRoot || isReachableByOthers(sandboxd)) return { supervisor, base, sandboxd, venvs };
    const copy = join(base, "sandboxd");
    await copyFile(sandboxd, copy);
    await chmod(copy, 0o755);
    return { supervisor, base, sandboxd: copy, venvs };
  }

  /** As root the sandboxes' users reach nothing in our home: there they get a copy, made once. */
  async #reachableVenv(venv: string | null, { base, venvs }: SupervisorNode): Promise<string | null> {
    if (venv === null || !this.#isRoot || isReachableByOthers(venv)) return venv;
    const copy = venvs.get(venv) ?? copyVenv(venv, join(base, `venv-${venvs.size}`));
    venvs.set(venv, copy);
    // What failed once, by a full disk, is tried again by the next start.
    copy.catch(() => venvs.delete(venv));
    return copy;
  }
}

async function copyVenv(from: string, to: string): Promise<string> {
  try {
    await cp(from, to, { recursive: true, verbatimSymlinks: true });
    return to;
  } catch (error) {
    await rm(to, { recursive: true, force: true });
    throw error;
  }
}
