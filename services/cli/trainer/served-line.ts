import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { CliIo } from "../cli-io.ts";

/** `rollyard serve` prints its line once sandboxes can start, which takes seconds; a first build of a virtual environment more. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 200;

/**
 * Reads the file into which `rollyard serve --json` prints its line. While it is empty, `serve` is starting: it is waited for,
 * `patienceMs` milliseconds at most. Throws `bad_input` for a file that stays empty or is no JSON.
 */
export async function readServedLine(
  file: string,
  { cwd, stderr }: Pick<CliIo, "cwd" | "stderr">,
  patienceMs: number = PATIENCE_MS,
): Promise<unknown> {
  const endMs = performance.now() + patienceMs;
  for (let isTold = false; ; isTold = true) {
    const text = await readText(file, cwd);
    if (text.trim() !== "") return parse(file, text);
    if (performance.now() >= endMs) throw new RollyardError("bad_input", { message: emptyText(file) });
    const seconds = Math.round(patienceMs / 1000);
    if (!isTold) stderr(`waiting for the line of rollyard serve in ${file}, ${seconds} s at most\n`);
    await sleep(LOOK_EVERY_MS);
  }
}

function emptyText(file: string): string {
  return `${file} is empty: rollyard serve --json has not printed its line yet. See on its standard error whether it still starts or has ended, and try again once the line is there.`;
}

async function readText(file: string, cwd: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, file), "utf8");
  } catch (cause) {
    throw new RollyardError("bad_input", { message: `${file} can't be read.`, cause });
  }
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RollyardError("bad_input", { message: `${file} can't be read as JSON.`, cause });
  }
}
