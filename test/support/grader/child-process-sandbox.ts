import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { CleanSandbox, SandboxCompany } from "../../../src/grader/clean-sandbox.ts";
import type { ExecRequest, ExecResult, SandboxSession } from "../../../src/sandbox/port.ts";
import type { SandboxTree } from "../../../src/sandbox/sandbox-tree.ts";
import { localTree } from "../sandbox/local-tree.ts";

const SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin";

/**
 * Stands in for a clean sandbox where a test is about what runs in it: real commands as child processes in a
 * temporary folder, without any isolation.
 */
export class ChildProcessSandbox implements CleanSandbox, SandboxSession {
  readonly sandboxUid = "child-process";
  readonly execs: ExecRequest[] = [];
  readonly #folder: string;
  readonly #path: string;

  private constructor(folder: string, path: string) {
    this.#folder = folder;
    this.#path = path;
  }

  /** `venv` is the folder of a virtual environment, whose programs come first, as in a grader's own sandbox. */
  static async create(venv?: string): Promise<ChildProcessSandbox> {
    const path = venv === undefined ? SYSTEM_PATH : `${join(venv, "bin")}:${SYSTEM_PATH}`;
    return new ChildProcessSandbox(await mkdtemp(join(tmpdir(), "grader-test-")), path);
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  use<T>(
    _company: SandboxCompany,
    _signal: AbortSignal,
    work: (session: SandboxSession) => Promise<T>,
  ): Promise<T> {
    return work(this);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  exec(request: ExecRequest): Promise<ExecResult> {
    this.execs.push(request);
    const started = performance.now();
    const [command = "", ...args] = request.argv;
    const child = spawn(command, args, {
      cwd: join(this.#folder, request.cwd ?? "."),
      env: { PATH: this.#path },
      stdio: ["pipe", "pipe", "pipe"],
      timeout: request.timeoutMs,
      killSignal: "SIGKILL",
    });
    child.stdin.on("error", () => undefined).end(request.stdin ?? "");
    return new Promise((resolve) => {
      const output = { stdout: "", stderr: "" };
      child.stdout.on("data", (chunk) => (output.stdout += String(chunk)));
      child.stderr.on("data", (chunk) => (output.stderr += String(chunk)));
      child.on("error", () => resolve(resultOf(127, null, output, started)));
      child.on("close", (code, signal) => resolve(resultOf(code ?? 137, signal, output, started)));
    });
  }

  async readFile(path: string, maxBytes: number): Promise<Uint8Array | null> {
    try {
      const bytes = await readFile(join(this.#folder, path));
      return bytes.length > maxBytes ? null : bytes;
    } catch {
      return null;
    }
  }

  async writeFile(path: string, content: Uint8Array, _callId: string, mode = 0o644): Promise<void> {
    const target = join(this.#folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content, { mode });
  }

  readTree(path: string): Promise<SandboxTree> {
    return localTree(this.#folder, path);
  }

  freeze(): Promise<void> {
    return Promise.resolve();
  }
}

function resultOf(
  exitCode: number,
  signal: NodeJS.Signals | null,
  output: { stdout: string; stderr: string },
  startedMs: number,
): ExecResult {
  const durationMs = performance.now() - startedMs;
  return {
    exitCode,
    signal: signal ?? "",
    ...output,
    truncatedBytes: 0,
    invalidBytes: 0,
    timedOut: signal === "SIGKILL",
    outOfMemory: false,
    durationMs,
    replayed: false,
  };
}
