import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { RollyardError } from "../errors/rollyard-error.ts";

const NEWLINE = 0x0a;
const CHUNK_BYTES = 1024 * 1024;

/** An append-only file of JSON lines that never shows half a line, whatever a crash or a full disk leaves. */
export class JsonlFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  #size: number;

  private constructor(handle: FileHandle, path: string, size: number) {
    this.#handle = handle;
    this.#path = path;
    this.#size = size;
  }

  /**
   * Opens or makes it (mode 0600). A last line without its end is cut off; every whole line goes to `onLine`, one at a
   * time. Throws `output_unwritable`.
   */
  static async open(path: string, onLine: (value: unknown) => void): Promise<JsonlFile> {
    try {
      const handle = await open(path, "a+", 0o600);
      const size = await readLines(handle, onLine);
      await handle.truncate(size);
      return new JsonlFile(handle, path, size);
    } catch (cause) {
      throw unwritable(path, cause);
    }
  }

  /** Appends values, each as a line, in one write. A write that fails is taken back. Throws `output_unwritable`. */
  async append(values: readonly unknown[]): Promise<void> {
    if (values.length === 0) return;
    const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
    try {
      let written = 0;
      while (written < bytes.length) {
        written += (await this.#handle.write(bytes, written, bytes.length - written)).bytesWritten;
      }
      this.#size += bytes.length;
    } catch (cause) {
      await this.#handle.truncate(this.#size).catch(() => undefined);
      throw unwritable(this.#path, cause);
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Reads whole lines; resolves with the number of bytes that they take. */
async function readLines(handle: FileHandle, onLine: (value: unknown) => void): Promise<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest = Buffer.alloc(0);
  let size = 0;
  for (let position = 0; ;) {
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return size;
    position += bytesRead;
    rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      onLine(JSON.parse(rest.toString("utf8", 0, end)));
      size += end + 1;
      rest = rest.subarray(end + 1);
    }
  }
}

function unwritable(path: string, cause: unknown): RollyardError {
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
  const advice = code === "ENOSPC" ? "the disk is full; free some space" : code;
  return new RollyardError("output_unwritable", {
    message: `${path} can't be written (${advice}). What was recorded is kept; the same command resumes.`,
    details: { reason: code },
    cause,
  });
}
