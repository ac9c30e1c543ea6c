import path from "node:path";
import { stat } from "node:fs/promises";
import { problemsUnder } from "../lib/schema/spec-problem.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";
import { objectOrEmpty } from "../lib/half-valid.ts";
import { environmentProblems } from "./check-environment.ts";
import { referenceProblems } from "./check-references.ts";
import { unusedSecretFlags } from "./check-secret-flags.ts";
import type { SecretsFor } from "./check-references.ts";
import type { RawDocument } from "./parse-yaml.ts";
import { problemAt } from "./problem.ts";
import type { Problem } from "./problem.ts";
import { readDocuments } from "./read-documents.ts";
import type { Documents, ReadOptions } from "./read-documents.ts";
import { readSecretFlags } from "./secret-flags.ts";
import { secretEntries, SecretStore } from "./secret-store.ts";

/** What loading depends on beside the files. */
export interface LoadOptions extends ReadOptions {
  /** Environment variables that `--secret …=env:VAR` may name. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values of `--secret`. */
  readonly secretFlags?: readonly string[];
  /** Default: all. */
  readonly secretsFor?: SecretsFor;
}

/** Everything that could be read, and every problem. Only without problems are the documents fit for a run. */
export interface LoadedDocuments {
  /** All documents as plain values, also those that are not valid. */
  readonly raw: readonly RawDocument[];
  readonly documents: Documents;
  readonly secrets: SecretStore;
  readonly problems: readonly Problem[];
}

/**
 * Reads files and checks shapes, meanings and references, all at once. Datasets are read elsewhere.
 * Never throws for bad input.
 */
export async function loadDocuments(
  files: readonly string[],
  options: LoadOptions,
): Promise<LoadedDocuments> {
  const [read, flags] = await Promise.all([
    readDocuments(files, options),
    readSecretFlags(options.secretFlags ?? [], options),
  ]);
  const fromDocuments = read.documents.secrets.flatMap(({ value }) => secretEntries(value));
  const secrets = new SecretStore([...fromDocuments, ...flags.entries]);
  const meanings = await Promise.all(read.raw.map(meaningProblems));
  return {
    raw: read.raw,
    documents: read.documents,
    secrets,
    problems: inFileOrder([
      ...read.problems,
      ...meanings.flat(),
      ...referenceProblems({
        documents: read.raw,
        secrets,
        flagSecrets: new SecretStore(flags.entries),
        unreadSecrets: flags.problems.map((problem) => problem.path),
        secretsFor: options.secretsFor ?? "all",
      }),
      ...flags.problems,
      ...(options.secretsFor === undefined || options.secretsFor === "all"
        ? unusedSecretFlags(read.raw, flags.entries)
        : []),
    ]),
  };
}

/** Problems file by file in the order in which the files first have one, each file's by line. */
function inFileOrder(problems: readonly Problem[]): Problem[] {
  const order = [...new Set(problems.map(({ file }) => file))];
  return problems.toSorted(
    (left, right) =>
      order.indexOf(left.file) - order.indexOf(right.file) || (left.line ?? 0) - (right.line ?? 0),
  );
}

async function meaningProblems({ source, kind, value }: RawDocument): Promise<Problem[]> {
  if (kind !== "Environment") return [];
  const spec = objectOrEmpty(objectOrEmpty(value)["spec"]);
  const { local } = objectOrEmpty(spec["sandbox"]);
  const problems: SpecProblem[] = [...environmentProblems(spec)];
  const folder = typeof local === "string" ? path.resolve(source.folder, local) : null;
  if (folder !== null && !(await isFolder(folder))) {
    problems.push({ path: ["sandbox", "local"], message: `is not a folder: ${folder}` });
  }
  return problemsUnder(["spec"], problems).map((problem) => problemAt(source, problem));
}

async function isFolder(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).isDirectory();
  } catch {
    return false;
  }
}
