import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { httpHeadersSchema } from "../../../src/lib/schema/headers.ts";
import type { CliIo } from "../cli-io.ts";

/** What `--header` takes, for the help of its commands. */
export const HEADER_FLAG = "--header <name: value>";

/**
 * Reads `--header "Name: value"`. A value of `env:VARIABLE` or `file:PATH`, alone or as its last word, is read from there,
 * so that no key stands in the list of processes. Throws `bad_input` without showing the flag, which may be a key.
 */
export async function headersOf(
  flags: readonly string[],
  io: Pick<CliIo, "env" | "cwd">,
  option = "--header",
): Promise<Readonly<Record<string, string>>> {
  const entries = await Promise.all(
    flags.map((flag, at) => readHeader(flag, `${option} number ${at + 1}`, io)),
  );
  return Object.fromEntries(entries);
}

/** Reads `env:VAR` or `file:PATH`. Throws `bad_input`, also for a value that stands in the flag itself: it may be a key. */
export async function sourcedValue(
  given: string,
  option: string,
  io: Pick<CliIo, "env" | "cwd">,
): Promise<string> {
  const source = /^(?<kind>env|file):(?<from>\S+)$/u.exec(given)?.groups;
  if (source === undefined) throw badHeader(`${option} must be env:VARIABLE or file:PATH.`);
  return await readSource(source, option, io);
}

async function readHeader(
  flag: string,
  place: string,
  io: Pick<CliIo, "env" | "cwd">,
): Promise<readonly [string, string]> {
  const colon = flag.indexOf(":");
  if (colon < 1) throw badHeader(`${place} must be "Name: value".`);
  const name = flag.slice(0, colon).trim();
  const given = flag.slice(colon + 1).trim();
  const source = /^(?<before>.*?)(?<kind>env|file):(?<from>\S+)$/u.exec(given)?.groups;
  const value =
    source === undefined ? given : `${source["before"] ?? ""}${await readSource(source, place, io)}`;
  if (!httpHeadersSchema.safeParse({ [name]: value }).success) {
    throw badHeader(`${place} needs the name of an HTTP header and a value of one line.`);
  }
  return [name, value];
}

async function readSource(
  { kind, from = "" }: Readonly<Record<string, string | undefined>>,
  place: string,
  { env, cwd }: Pick<CliIo, "env" | "cwd">,
): Promise<string> {
  if (kind === "env") {
    const value = env[from];
    if (value === undefined) throw badHeader(`${place}: the environment has no variable ${from}.`);
    return value;
  }
  try {
    return (await readFile(resolve(cwd, from), "utf8")).replace(/\r?\n$/u, "");
  } catch (cause) {
    throw new RollyardError("bad_input", { message: `${place}: ${from} can't be read.`, cause });
  }
}

function badHeader(message: string): RollyardError {
  return new RollyardError("bad_input", { message });
}
