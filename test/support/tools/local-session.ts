import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { ExecRequest, ExecResult, SandboxSession } from "../../../src/sandbox/port.ts";
import type { SandboxTree } from "../../../src/sandbox/sandbox-tree.ts";
import { localTree } from "../sandbox/local-tree.ts";

/** A session on a folder of this machine: real commands and files, no isolation, answers kept by call id. */
export class LocalSession implements SandboxSession {
  readonly sandboxUid = "local";
  readonly folder: string;
  /** Every command and write that really ran, by call id. */
  readonly ran: string[] = [];
  readonly #stored = new Map<string, ExecResult>();
  readonly #written = new Set<string>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** In a fresh folder; {@link remove} takes it away. */
  static async open(): Promise<LocalSession> {
    return new LocalSession(await mkdtemp(join(tmpdir(), "rollyard-session-")));
  }

  async exec(request: ExecRequest): Promise<ExecResult> {
    const stored = this.#stored.get(request.callId);
    if (stored !== undefined) return { ...stored, replayed: true };
    this.ran.push(request.callId);
    const result = await run(request, resolve(this.folder, request.cwd ?? "."));
    this.#stored.set(request.callId, result);
    return result;
  }

  async readFile(path: string, maxBytes: number): Promise<Uint8Array | null> {
    const content = await readFile(resolve(this.folder, path)).catch(() => null);
    return content === null || content.length > maxBytes ? null : content;
  }

  async writeFile(path: string, content: Uint8Array, callId: string): Promise<void> {
    if (this.#written.has(callId)) return;
    const target = resolve(this.folder, path);
    try {
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, content);
    } catch (cause) {
      throw new RollyardError("sandbox_write_refused", { cause });
    }
    this.#written.add(callId);
    this.ran.push(callId);
  }

  async freeze(): Promise<void> {}

  readTree(path: string): Promise<SandboxTree> {
    return localTree(this.folder, path);
  }

  /** Removes the folder. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

function run(request: ExecRequest, cwd: string): Promise<ExecResult> {
  const [command = "", ...args] = request.argv;
  const startedAt = performance.now();
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd,
      env: { PATH: "/usr/bin:/bin", ...request.env },
      detached: true,
    });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, request.timeoutMs);
    const texts = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (texts.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (texts.stderr += chunk.toString()));
    child.stdin.on("error", () => undefined).end(request.stdin ?? "");
    const end = (code: number | null, signal: string | null): void => {
      clearTimeout(timer);
      done({
        ...texts,
        exitCode: code ?? 137,
        signal: signal ?? "",
        truncatedBytes: 0,
        invalidBytes: 0,
        timedOut,
        outOfMemory: false,
        durationMs: Math.ceil(performance.now() - startedAt),
        replayed: false,
      });
    };
    child.once("error", (error) => {
      texts.stderr = error.message;
      end(127, null);
    });
    child.once("close", end);
  });
}
