import { readFile } from "node:fs/promises";
import path from "node:path";
import type { z } from "zod";
import { environmentSchema } from "../environment/environment.ts";
import type { Environment } from "../environment/environment.ts";
import { rolloutJobSchema } from "../job/rollout-job.ts";
import type { RolloutJob } from "../job/rollout-job.ts";
import { didYouMean } from "../lib/nearest-name.ts";
import { configMapDocumentSchema, secretDocumentSchema } from "./kubernetes-documents.ts";
import type { ConfigMapDocument, SecretDocument } from "./kubernetes-documents.ts";
import { documentName, parseYaml } from "./parse-yaml.ts";
import type { ParsedFile, RawDocument } from "./parse-yaml.ts";
import { problemAt } from "./problem.ts";
import type { DocumentSource, Problem } from "./problem.ts";
import { checkSchema } from "./schema-problems.ts";
import { shownPath } from "./shown-path.ts";

/** A document of a known kind, and where it came from. */
export interface SourcedDocument<T> {
  readonly source: DocumentSource;
  readonly value: T;
}

/** Valid documents by kind. */
export interface Documents {
  readonly environments: readonly SourcedDocument<Environment>[];
  readonly jobs: readonly SourcedDocument<RolloutJob>[];
  readonly secrets: readonly SourcedDocument<SecretDocument>[];
  readonly configMaps: readonly SourcedDocument<ConfigMapDocument>[];
}

/** What was read: all documents, the valid ones by kind, and the problems of each by itself. */
export interface ReadResult {
  readonly raw: readonly RawDocument[];
  readonly documents: Documents;
  readonly problems: readonly Problem[];
}

/** Changes a document before it is checked, for settings that the command line overrides. */
export type AdjustDocument = (value: unknown) => unknown;

/** How documents are read. */
export interface ReadOptions {
  /** Absolute folder that relative file names count from. */
  readonly cwd: string;
  readonly adjust?: AdjustDocument;
  /** Documents that count where the files have none: of that kind, and for a ConfigMap of that name. */
  readonly fallback?: readonly RawDocument[];
}

/** Reads files of YAML or JSON documents and checks each document by its kind. */
export async function readDocuments(files: readonly string[], options: ReadOptions): Promise<ReadResult> {
  const { cwd, adjust = (value) => value, fallback = [] } = options;
  const absolute = [...new Set(files.map((file) => path.resolve(cwd, file)))];
  const parsed = await Promise.all(absolute.map((file) => readFileDocuments(file, cwd)));
  const given = parsed.flatMap(({ documents }) => documents);
  const raw = [...given, ...fallback.filter((document) => isMissing(document, given))].map((document) => ({
    ...document,
    value: adjust(document.value),
  }));
  const environments = checkKind(raw, "Environment", environmentSchema);
  const jobs = checkKind(raw, "RolloutJob", rolloutJobSchema);
  const secrets = checkKind(raw, "Secret", secretDocumentSchema);
  const configMaps = checkKind(raw, "ConfigMap", configMapDocumentSchema);
  return {
    raw,
    documents: {
      environments: environments.valid,
      jobs: jobs.valid,
      secrets: secrets.valid,
      configMaps: configMaps.valid,
    },
    problems: [
      ...parsed.flatMap(({ problems }) => problems),
      ...raw.flatMap(kindProblems),
      ...[environments, jobs, secrets, configMaps].flatMap(({ problems }) => problems),
    ],
  };
}

function isMissing({ kind, value }: RawDocument, given: readonly RawDocument[]): boolean {
  const alike = given.filter((document) => document.kind === kind);
  if (kind !== "ConfigMap") return alike.length === 0;
  return !alike.some((document) => documentName(document.value) === documentName(value));
}

async function readFileDocuments(file: string, cwd: string): Promise<ParsedFile> {
  const shown = shownPath(file, cwd);
  try {
    return parseYaml(await readFile(file, "utf8"), { file: shown, folder: path.dirname(file) });
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown error";
    const message = code === "ENOENT" ? "no such file" : `can't be read (${code})`;
    return { documents: [], problems: [{ file: shown, path: "", message }] };
  }
}

const KINDS: readonly string[] = ["Environment", "RolloutJob", "Secret", "ConfigMap"];

function kindProblems({ source, kind }: RawDocument): Problem[] {
  if (kind !== undefined && KINDS.includes(kind)) return [];
  const message =
    kind === undefined
      ? `is required: one of ${KINDS.join(", ")}`
      : `unknown kind; must be one of ${KINDS.join(", ")}${didYouMean(kind, KINDS)}`;
  return [problemAt(source, { path: ["kind"], message })];
}

interface CheckedKind<T> {
  readonly valid: readonly SourcedDocument<T>[];
  readonly problems: readonly Problem[];
}

function checkKind<Schema extends z.ZodType>(
  documents: readonly RawDocument[],
  wanted: string,
  schema: Schema,
): CheckedKind<z.output<Schema>> {
  const valid: SourcedDocument<z.output<Schema>>[] = [];
  const problems: Problem[] = [];
  for (const { source, kind, value } of documents) {
    if (kind !== wanted) continue;
    const checked = checkSchema(schema, value);
    if (checked.ok) valid.push({ source, value: checked.value });
    else problems.push(...checked.problems.map((problem) => problemAt(source, problem)));
  }
  return { valid, problems };
}
