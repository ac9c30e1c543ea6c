import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import { RollyardError } from "../errors/rollyard-error.ts";
import { readLines } from "./line-reader.ts";
import { trajectoryRecordSchema } from "./trajectory-record.ts";
import type { TrajectoryRecord } from "./trajectory-record.ts";

interface Extent {
  readonly beginByte: number;
  readonly endByte: number;
}

/** Every line begins with it: the rest need not be parsed. */
const LEADING_ROLLOUT = /^\{"rollout":"([^"\\]+)"/u;

/** The trajectories of a run folder by rollout. Memory holds where each of them is, and the one that is read. */
export class TrajectoryIndex {
  readonly #file: FileHandle | null;
  readonly #name: string;
  readonly #extents: ReadonlyMap<string, Extent>;

  private constructor(file: FileHandle | null, name: string, extents: ReadonlyMap<string, Extent>) {
    this.#file = file;
    this.#name = name;
    this.#extents = extents;
  }

  /** Reads a run folder's trajectories.jsonl once; a folder without one has none. Throws `bad_input`. */
  static async open(folder: string): Promise<TrajectoryIndex> {
    const name = path.join(folder, "trajectories.jsonl");
    const file = await openOrNull(name);
    if (file === null) return new TrajectoryIndex(null, name, new Map());
    try {
      return new TrajectoryIndex(file, name, await extentsOf(file));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Null for a rollout that left none. Throws `bad_input` for a line that is no record. */
  async read(rollout: string): Promise<TrajectoryRecord | null> {
    const extent = this.#extents.get(rollout);
    if (extent === undefined || this.#file === null) return null;
    const bytes = Buffer.alloc(extent.endByte - extent.beginByte);
    await this.#file.read(bytes, 0, bytes.length, extent.beginByte);
    const parsed = trajectoryRecordSchema.safeParse(parseOrNull(bytes.toString("utf8")));
    if (parsed.success) return parsed.data;
    throw new RollyardError("bad_input", {
      message: `${this.#name} has no record of this version of Rollyard for ${rollout}.`,
    });
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}

/** A last line that is still being written is left out. */
async function extentsOf(file: FileHandle): Promise<ReadonlyMap<string, Extent>> {
  const extents = new Map<string, Extent>();
  let beginByte = 0;
  for await (const { text, endByte, isWhole } of readLines(file)) {
    if (!isWhole) break;
    const rollout = LEADING_ROLLOUT.exec(text.slice(0, 200))?.[1];
    // A copy: a part of a string keeps the whole of it in memory.
    if (rollout !== undefined) extents.set(Buffer.from(rollout).toString(), { beginByte, endByte });
    beginByte = endByte;
  }
  return extents;
}

async function openOrNull(name: string): Promise<FileHandle | null> {
  try {
    return await open(name, "r");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    if (code === "ENOENT") return null;
    throw new RollyardError("bad_input", { message: `${name} can't be read (${code}).`, cause });
  }
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
