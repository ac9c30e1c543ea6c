import { open } from "node:fs/promises";
import { RollyardError } from "../errors/rollyard-error.ts";
import { readLines } from "./line-reader.ts";
import type { ByteSource, TextLine } from "./line-reader.ts";

/** What is written to; node:fs's FileHandle, opened for appending, is one. */
export interface AppendTarget extends ByteSource {
  write(buffer: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens or makes a file for reading and appending. */
export type OpenAppend = (path: string) => Promise<AppendTarget>;

/** Bytes that go into one write, unless a single line is longer. */
const WRITE_BYTES = 4 * 1024 * 1024;

/** Opens a file of the machine, made with mode 0600. */
export const openAppend: OpenAppend = (path) => open(path, "a+", 0o600);

/** An append-only file of JSON lines that never shows half a line, whatever a crash or a full disk leaves. */
export class JsonlFile {
  readonly #target: AppendTarget;
  readonly #path: string;
  #size: number;

  private constructor(target: AppendTarget, path: string, size: number) {
    this.#target = target;
    this.#path = path;
    this.#size = size;
  }

  /**
   * Opens it. A last line without its end is cut off; every whole line goes to `onLine`, one at a time. Throws
   * `output_unwritable`, and what `onLine` throws.
   */
  static async open(
    path: string,
    onLine: (line: TextLine) => void,
    openFile: OpenAppend = openAppend,
  ): Promise<JsonlFile> {
    const target = await orUnwritable(path, () => openFile(path));
    try {
      let size = 0;
      for await (const line of readLines(target)) {
        if (!line.isWhole) break;
        onLine(line);
        size = line.endByte;
      }
      await orUnwritable(path, () => target.truncate(size));
      return new JsonlFile(target, path, size);
    } catch (error) {
      await target.close();
      throw error;
    }
  }

  /** Appends values, each as a line. A write that fails is taken back. Throws `output_unwritable`. */
  async append(values: readonly unknown[]): Promise<void> {
    for (const bytes of inWrites(values)) {
      try {
        await this.#write(bytes);
      } catch (cause) {
        await this.#target.truncate(this.#size).catch(() => undefined);
        throw unwritable(this.#path, cause);
      }
    }
  }

  close(): Promise<void> {
    return this.#target.close();
  }

  async #write(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#target.write(bytes, done, bytes.length - done);
      done += bytesWritten;
    }
    this.#size += bytes.length;
  }
}

/** The lines of the values, put together into writes of a few megabytes. */
function* inWrites(values: readonly unknown[]): Generator<Buffer> {
  let lines: Buffer[] = [];
  let size = 0;
  for (const value of values) {
    const line = Buffer.from(`${JSON.stringify(value)}\n`);
    lines.push(line);
    size += line.length;
    if (size < WRITE_BYTES) continue;
    yield Buffer.concat(lines);
    lines = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(lines);
}

async function orUnwritable<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

function unwritable(path: string, cause: unknown): RollyardError {
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
  const problem =
    code === "ENOSPC"
      ? `The disk of ${path} is full; free some space.`
      : `${path} can't be written (${code}).`;
  return new RollyardError("output_unwritable", {
    message: `${problem} What was recorded is kept; the same command resumes.`,
    details: { reason: code },
    cause,
  });
}
