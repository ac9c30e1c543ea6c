import { readFile } from "node:fs/promises";
import path from "node:path";
import { Secret } from "../lib/secret.ts";
import type { Problem } from "./problem.ts";

/** Where `--secret` values are looked up. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute folder that relative file names count from. */
  readonly cwd: string;
}

/** Secrets by `NAME/KEY`. */
export type SecretEntries = readonly (readonly [nameAndKey: string, value: Secret])[];

const FLAG =
  /^(?<name>[a-z0-9]([-a-z0-9.]*[a-z0-9])?)\/(?<key>[-._a-zA-Z0-9]+)=(?<from>env|file):(?<where>.+)$/s;

/** Reads the values of `--secret NAME/KEY=env:VAR|file:PATH`. One newline at the end of a file is not part of a value. */
export async function readSecretFlags(
  flags: readonly string[],
  sources: SecretSources,
): Promise<{ readonly entries: SecretEntries; readonly problems: readonly Problem[] }> {
  const results = await Promise.all(flags.map((flag, index) => readFlag(flag, index, sources)));
  return {
    entries: results.flatMap((result) => ("entry" in result ? [result.entry] : [])),
    problems: results.flatMap((result) => ("problem" in result ? [result.problem] : [])),
  };
}

type FlagResult = { readonly entry: readonly [string, Secret] } | { readonly problem: Problem };

async function readFlag(flag: string, index: number, sources: SecretSources): Promise<FlagResult> {
  const groups = FLAG.exec(flag)?.groups;
  if (groups === undefined) {
    // The flag itself is not shown: it may well be the key, typed in the wrong place.
    return refuse(`number ${index + 1}`, "must be NAME/KEY=env:VARIABLE or NAME/KEY=file:PATH");
  }
  const { name = "", key = "", from = "", where = "" } = groups;
  const value = from === "env" ? fromEnv(where, sources) : await fromFile(where, sources);
  if ("message" in value) return refuse(`${name}/${key}`, value.message);
  if (value.text === "") return refuse(`${name}/${key}`, "is empty");
  return { entry: [`${name}/${key}`, new Secret(value.text)] };
}

function refuse(at: string, message: string): FlagResult {
  return { problem: { file: "--secret", path: at, message } };
}

type Read = { readonly text: string } | { readonly message: string };

function fromEnv(variable: string, { env }: SecretSources): Read {
  const text = env[variable];
  return text === undefined ? { message: "its environment variable is not set" } : { text };
}

async function fromFile(file: string, { cwd }: SecretSources): Promise<Read> {
  try {
    const text = await readFile(path.resolve(cwd, file), "utf8");
    return { text: text.replace(/\r?\n$/, "") };
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown error";
    return { message: `its file can't be read (${code})` };
  }
}
