import { randomBytes } from "node:crypto";
import type { ExecResult, SandboxSession } from "../../../src/sandbox/port.ts";

// Runs one line where the last one ended, and tells where this one did after a mark that no output holds.
const RUN_LINE = `cd -- "$2" || exit
eval "$3"
code=$?
printf '%s%s' "$1" "$PWD"
exit "$code"`;

const OUTPUT_BYTES = 2 ** 20;

/** A shell as far as single commands allow: the working folder goes on from line to line, variables do not. */
export class LineShell {
  readonly #session: SandboxSession;
  readonly #timeoutMs: number;
  readonly #mark = `\u001e${randomBytes(9).toString("hex")}`;
  #cwd = ".";
  #lines = 0;

  constructor(session: SandboxSession, timeoutMs: number) {
    this.#session = session;
    this.#timeoutMs = timeoutMs;
  }

  /** A shell in the sandbox's workdir, whose path it asks: the launcher decides where that is. */
  static async start(session: SandboxSession, timeoutMs: number): Promise<LineShell> {
    const shell = new LineShell(session, timeoutMs);
    await shell.run(":");
    return shell;
  }

  get prompt(): string {
    return `${this.#cwd} $ `;
  }

  async run(line: string): Promise<ExecResult> {
    this.#lines += 1;
    const result = await this.#session.exec({
      callId: `line-${this.#lines}`,
      argv: ["/bin/sh", "-c", RUN_LINE, "sh", this.#mark, this.#cwd, line],
      timeoutMs: this.#timeoutMs,
      maxOutputBytes: OUTPUT_BYTES,
    });
    const at = result.stdout.lastIndexOf(this.#mark);
    if (at < 0) return result;
    this.#cwd = result.stdout.slice(at + this.#mark.length);
    return { ...result, stdout: result.stdout.slice(0, at) };
  }
}
