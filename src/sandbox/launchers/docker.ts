import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { hasItemImage } from "../../environment/sandbox-spec.ts";
import { RollyardError } from "../../errors/rollyard-error.ts";
import type { LaunchedSandbox, LaunchRequest, SandboxEnd, SandboxLauncher } from "../port.ts";
import { awaitReady } from "./await-ready.ts";
import { sweepBaseFolders } from "./base-folder.ts";
import { launchSupervisor } from "./launch-supervisor.ts";
import type { LaunchedSupervisor } from "./launch-supervisor.ts";
import { DOCKER_LABEL, dockerRunArgv } from "./docker-argv.ts";
import type { LocalLauncherOptions } from "./local-options.ts";
import { notEnforcedSentences } from "./not-enforced.ts";
import { probeCommand } from "./probe-command.ts";
import { startError } from "./start-error.ts";

const ENFORCES = {
  memory: true,
  cpu: true,
  processes: true,
  disk: false,
  openNetworkFiltered: false,
  image: true,
} as const;

/** A virtual environment is one of this machine's Python, which no container sees. */
const NO_VENV =
  "spec.graderRuntime.venv needs sandboxes that see this machine's Python; with Docker give image.";

const NO_ITEM_IMAGE =
  "spec.sandbox.image is made from each row's item, and there is no item here; give the name of one image.";

// `docker run` exits with it when the engine itself fails.
const ENGINE_FAILED = 125;

/** A launcher on a local Docker engine. Null when no engine answers. */
export async function createDockerLauncher(options: LocalLauncherOptions): Promise<SandboxLauncher | null> {
  const answer = await probeCommand(["docker", "version", "--format", "{{.Server.Version}}"], null);
  return answer.exitCode === 0 ? new DockerLauncher(options) : null;
}

/** Whether the local engine has the image, so that a container of it starts without a pull. */
export async function dockerHasImage(image: string): Promise<boolean> {
  const answer = await probeCommand(["docker", "image", "inspect", "--format", "{{.Id}}", image], null);
  return answer.exitCode === 0;
}

/** One container a sandbox. The engine is the node; a supervisor without sandboxes keeps and sweeps the folders. */
class DockerLauncher implements SandboxLauncher {
  readonly name = "docker";
  readonly notEnforced: readonly string[];
  readonly #options: LocalLauncherOptions;
  readonly #id = randomBytes(6).toString("hex");
  readonly #running = new Set<LaunchedSandbox>();
  #folders: Promise<LaunchedSupervisor> | null = null;

  constructor(options: LocalLauncherOptions) {
    this.#options = options;
    const isOwnUser = options.spec.runAsUser === process.getuid?.();
    this.notEnforced = [
      ...notEnforcedSentences(options.spec, ENFORCES),
      ...(isOwnUser
        ? ["Commands run with your own user id, so they can remove the socket of their sandbox."]
        : []),
    ];
  }

  async start(request: LaunchRequest): Promise<LaunchedSandbox> {
    if (request.spec.image === undefined) throw new RollyardError("image_required");
    if (hasItemImage(request.spec)) throw new RollyardError("image_required", { message: NO_ITEM_IMAGE });
    if ((request.venv ?? null) !== null)
      throw new RollyardError("launcher_unavailable", { message: NO_VENV });
    const socketFolder = await this.#newFolder(request.sandboxUid);
    const name = `rollyard-${request.sandboxUid}`;
    const { sandboxd } = this.#options;
    const place = { name, launcherId: this.#id, sandboxd, socketFolder };
    const container = new Container(dockerRunArgv(request, place), name);
    const path = join(socketFolder, "s");
    const stop = async (): Promise<void> => {
      await container.stop();
      await rm(socketFolder, { recursive: true, force: true });
      this.#running.delete(launched);
    };
    const launched: LaunchedSandbox = {
      sandboxUid: request.sandboxUid,
      endpoint: { kind: "unix", path },
      ended: container.ended,
      stop,
    };
    this.#running.add(launched);
    try {
      await container.ready(path, request.spec.readySeconds * 1000);
      // The socket is there: from now on nobody inside may put another in its place.
      await chmod(socketFolder, 0o755);
    } catch (error) {
      await stop();
      throw error;
    }
    void container.ended.then(stop);
    return launched;
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#running, (sandbox) => sandbox.stop()));
    const left = await probeCommand(
      ["docker", "ps", "--all", "--quiet", "--filter", `label=${DOCKER_LABEL}=${this.#id}`],
      null,
    );
    const ids = left.stdout.split(/\s+/u).filter((id) => id !== "");
    if (ids.length > 0) await probeCommand(["docker", "rm", "--force", ...ids], null);
    await (await this.#folders)?.supervisor.close();
    // All of our own is closed by now; what others left, and can't be swept now, is swept by whoever closes next.
    await sweepBaseFolders(this.#options.sandboxd).catch(() => undefined);
  }

  async #newFolder(sandboxUid: string): Promise<string> {
    this.#folders ??= this.#openFolders();
    const { base } = await this.#folders;
    const folder = join(base, sandboxUid);
    await mkdir(folder);
    await chmod(folder, 0o777);
    return folder;
  }

  async #openFolders(): Promise<LaunchedSupervisor> {
    await sweepBaseFolders(this.#options.sandboxd);
    return await launchSupervisor(this.#options.sandboxd);
  }
}

/** An attached `docker run`. */
class Container {
  readonly ended: Promise<SandboxEnd>;
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #gone = new AbortController();
  #stderr = "";
  #isStopped = false;

  constructor(argv: readonly string[], name: string) {
    const [program = "", ...args] = argv;
    this.#name = name;
    // A session of its own: Ctrl-C on the terminal is ours to handle.
    this.#process = spawn(program, args, { stdio: ["pipe", "ignore", "pipe"], detached: true });
    this.#process.stdin?.on("error", () => undefined);
    this.#process.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr = `${this.#stderr}${chunk.toString()}`.slice(-4096);
    });
    this.ended = new Promise((resolve) => {
      this.#process.on("error", (error) => resolve({ kind: "node_lost", detail: error.message }));
      this.#process.on("exit", (code, signal) => resolve(this.#endOf(code, signal)));
    });
    void this.ended.then(() => this.#gone.abort());
  }

  /** Resolves when sandboxd says ready; rejects with `sandbox_start_failed` or `sandbox_setup_failed`. */
  async ready(socket: string, withinMs: number): Promise<void> {
    const health = await awaitReady(socket, withinMs, this.#gone.signal);
    if (health.status === "ready") return;
    throw startError({
      reason: health.status,
      detail: health.output,
      exitCode: health.exitCode,
      stderr: this.#stderr,
    });
  }

  async stop(): Promise<void> {
    if (this.#isStopped || this.#gone.signal.aborted) return;
    this.#isStopped = true;
    await probeCommand(["docker", "rm", "--force", this.#name], null);
    this.#process.stdin?.end();
    await this.ended;
  }

  #endOf(code: number | null, signal: string | null): SandboxEnd {
    if (this.#isStopped) return { kind: "stopped" };
    if (code === ENGINE_FAILED || signal !== null)
      return { kind: "node_lost", detail: "the Docker engine ended it" };
    return { kind: "killed_by_agent", exitCode: code, signal };
  }
}
