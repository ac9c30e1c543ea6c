import { randomBytes, randomUUID } from "node:crypto";
import { access, constants, mkdir, rename, symlink } from "node:fs/promises";
import path from "node:path";
import type { RunInput } from "../../../src/config/run-input.ts";
import { diffSpecs } from "../../../src/config/spec-hash.ts";
import type { SpecSnapshot } from "../../../src/config/spec-hash.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { takeRunLock } from "./run-lock.ts";
import { readRunState, writeRunState } from "./run-state.ts";
import type { RunState } from "./run-state.ts";

/** Folder inside a run folder for what is no result: the store of the bus, the lock, the run's state. */
const PRIVATE = ".rollyard";

/** An opened and locked run folder. */
export interface RunFolder {
  /** Absolute path of `DIR/<job>`. */
  readonly path: string;
  /** The folder around it: what `--out` names to resume. */
  readonly outer: string;
  readonly storePath: string;
  readonly logsPath: string;
  readonly state: RunState;
  readonly isResumed: boolean;
  save(state: RunState): Promise<void>;
  close(): Promise<void>;
}

/** Where to open it. */
export interface RunFolderOptions {
  /** `--out`; without it `runs/<UTC time>` under `cwd`, and `runs/latest` points to it. */
  readonly out: string | undefined;
  readonly cwd: string;
  readonly nowMs: number;
}

/**
 * Opens the folder of a run: a new one, or an unfinished one of the same spec to resume. Throws `run_folder_conflict`
 * for a finished run, another spec (naming the fields) or a folder in use, and `output_unwritable`.
 */
export async function openRunFolder(input: RunInput, options: RunFolderOptions): Promise<RunFolder> {
  const outer = await outerFolder(options);
  const folder = path.join(outer, input.job.metadata.name);
  const privateFolder = path.join(folder, PRIVATE);
  const logsPath = path.join(folder, "logs");
  await makeFolders([folder, privateFolder, logsPath]);
  const lock = await takeRunLock(path.join(privateFolder, "lock"));
  try {
    const found = await readRunState(privateFolder);
    const state = found === null ? newState(input, options.nowMs) : checkedState(found, input);
    if (found === null) await writeRunState(privateFolder, state);
    return {
      path: folder,
      outer,
      storePath: path.join(privateFolder, "store"),
      logsPath,
      state,
      isResumed: found !== null,
      save: (next) => writeRunState(privateFolder, next),
      close: () => lock.release(),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function outerFolder({ out, cwd, nowMs }: RunFolderOptions): Promise<string> {
  if (out !== undefined) return path.resolve(cwd, out);
  const name = new Date(nowMs)
    .toISOString()
    .replaceAll(":", "")
    .replace(/\.\d+Z$/u, "Z");
  const runs = path.join(cwd, "runs");
  await makeFolders([runs]);
  const link = path.join(runs, `.latest-${randomBytes(4).toString("hex")}`);
  // Replaced in one step: a reader of runs/latest never finds it missing.
  await symlink(name, link);
  await rename(link, path.join(runs, "latest"));
  return path.join(runs, name);
}

async function makeFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await access(folder, constants.W_OK);
    } catch (cause) {
      throw new RollyardError("output_unwritable", {
        message: `The folder ${folder} can't be written (${codeOf(cause)}); give another by --out.`,
        cause,
      });
    }
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown error";
}

function newState({ snapshot, specHash }: RunInput, nowMs: number): RunState {
  return {
    version: 1,
    jobUid: randomBytes(6).toString("hex"),
    environmentUid: randomBytes(6).toString("hex"),
    traceSeed: randomUUID(),
    specHash,
    snapshot,
    startedAtMs: nowMs,
    earlierSeconds: 0,
    end: null,
  };
}

function checkedState(found: RunState, input: RunInput): RunState {
  if (found.end !== null) {
    throw new RollyardError("run_folder_conflict", {
      message: "The run in this folder is finished; use another --out or rollyard retry.",
    });
  }
  if (found.specHash === input.specHash) return found;
  const before = found.snapshot as SpecSnapshot;
  const fields = diffSpecs(before, JSON.parse(JSON.stringify(input.snapshot)) as SpecSnapshot);
  throw new RollyardError("run_folder_conflict", {
    message: `The folder holds an unfinished run of another spec; these differ: ${fields.join(", ")}. Use another --out.`,
  });
}
