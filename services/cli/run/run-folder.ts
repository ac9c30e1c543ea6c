import { randomBytes, randomUUID } from "node:crypto";
import { access, constants, mkdir, rename, symlink } from "node:fs/promises";
import path from "node:path";
import type { RunInput } from "../../../src/config/run-input.ts";
import { diffSpecs } from "../../../src/config/spec-hash.ts";
import type { SpecSnapshot } from "../../../src/config/spec-hash.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { requireRoom } from "./disk-watch.ts";
import type { GivenOption } from "./given-options.ts";
import { findRunHolder, takeRunLock } from "./run-lock.ts";
import { readRunState, writeRunState } from "./run-state.ts";
import type { RunState } from "./run-state.ts";
import { unwritable } from "./unwritable.ts";

/** Folder inside a run folder for what is no result: the store of the bus, the lock, the run's state. */
const PRIVATE = ".rollyard";
const LOCK = "lock";

/** The folder of what is no result inside a run folder. */
export function privateFolderOf(runFolder: string): string {
  return path.join(runFolder, PRIVATE);
}

/** The process that has a run folder now; null when none has. */
export function holderOf(runFolder: string): Promise<number | null> {
  return findRunHolder(path.join(privateFolderOf(runFolder), LOCK));
}

/** An opened and locked run folder. */
export interface RunFolder {
  /** Absolute path of `DIR/<job>`. */
  readonly path: string;
  /** The folder around it: what `--out` names to resume. */
  readonly outer: string;
  /** Folder of what is no result. */
  readonly privatePath: string;
  readonly storePath: string;
  /** Where a process that is to join the run finds its bus. */
  readonly joinPath: string;
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
  /** Of the command line: what a resume needs again. */
  readonly options: readonly GivenOption[];
}

/**
 * Opens the folder of a run: a new one, or an unfinished one of the same spec to resume. Throws `run_folder_conflict`
 * for a finished run, another spec (naming the fields) or a folder in use, and `output_unwritable`.
 */
export async function openRunFolder(input: RunInput, options: RunFolderOptions): Promise<RunFolder> {
  const { out, cwd } = options;
  const runs = out === undefined ? path.join(cwd, "runs") : path.resolve(cwd, out);
  try {
    const outer = out === undefined ? await newOuterFolder(runs, options.nowMs) : runs;
    return await openInside(input, outer, options);
  } catch (error) {
    throw unwritable(runs, error) ?? error;
  }
}

async function openInside(
  input: RunInput,
  outer: string,
  { nowMs, options }: RunFolderOptions,
): Promise<RunFolder> {
  const folder = path.join(outer, input.job.metadata.name);
  const privateFolder = privateFolderOf(folder);
  const logsPath = path.join(folder, "logs");
  await makeFolders([folder, privateFolder, logsPath]);
  await requireRoom(folder);
  const lock = await takeRunLock(path.join(privateFolder, LOCK));
  try {
    const found = await readRunState(privateFolder);
    const before = found === null ? newState(input, nowMs) : checkedState(found, input);
    const state = { ...before, options: [...options] };
    await writeRunState(privateFolder, state);
    return {
      path: folder,
      outer,
      privatePath: privateFolder,
      storePath: path.join(privateFolder, "store"),
      joinPath: path.join(privateFolder, "join.json"),
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

/** Names a folder below `runs` by the time and points `runs/latest` to it. */
async function newOuterFolder(runs: string, nowMs: number): Promise<string> {
  const name = new Date(nowMs)
    .toISOString()
    .replaceAll(":", "")
    .replace(/\.\d+Z$/u, "Z");
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
    } catch (error) {
      // Said of this very folder, and by what a plain mkdir says: the recursive one takes a read-only parent for none.
      const plain = await mkdir(folder).then(
        () => error,
        (reason: unknown) => reason,
      );
      throw unwritable(folder, plain) ?? plain;
    }
  }
}

function newState({ job, origin, snapshot, specHash }: RunInput, nowMs: number): RunState {
  const { name, namespace = null } = job.metadata;
  return {
    version: 1,
    job: { name, namespace, retryOf: job.spec.retryOf ?? null },
    origin: { ...origin, files: [...origin.files] },
    options: [],
    jobUid: randomBytes(6).toString("hex"),
    environmentUid: randomBytes(6).toString("hex"),
    traceSeed: randomUUID(),
    specHash,
    snapshot,
    startedAtMs: nowMs,
    earlierSeconds: 0,
    stopped: null,
    end: null,
  };
}

function checkedState(found: RunState, input: RunInput): RunState {
  if (found.end !== null) {
    throw new RollyardError("run_folder_conflict", {
      message: "The run in this folder is finished; use another --out, or the command retry.",
    });
  }
  if (found.specHash === input.specHash) return found;
  const before = found.snapshot as SpecSnapshot;
  const fields = diffSpecs(before, JSON.parse(JSON.stringify(input.snapshot)) as SpecSnapshot);
  throw new RollyardError("run_folder_conflict", {
    message: `The folder holds an unfinished run of another spec; these differ: ${fields.join(", ")}. Use another --out.`,
  });
}
