import { readFile } from "node:fs/promises";
import path from "node:path";
import { parseYaml } from "../../../src/config/parse-yaml.ts";
import type { RawDocument } from "../../../src/config/parse-yaml.ts";
import { formatProblem } from "../../../src/config/problem.ts";
import type { Problem } from "../../../src/config/problem.ts";
import { resolveEnvironmentInput } from "../../../src/config/run-input.ts";
import type { EnvironmentInput } from "../../../src/config/run-input.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { objectOrEmpty } from "../../../src/lib/half-valid.ts";
import { isJsonObject } from "../../../src/lib/json.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import type { CliIo } from "../cli-io.ts";

/** What stands around a grader that brings no Environment of its own: that of the run whose rollouts it grades. */
export interface GraderSurroundings {
  readonly name: string;
  /** Absolute folder that relative paths of its Environment count from. */
  readonly folder: string;
  /** `spec` of the run's Environment; what a grader of another folder may take over has absolute paths. */
  readonly spec: JsonObject;
}

/** What loading a grader depends on. */
export interface LoadGraderOptions {
  readonly secretFlags: readonly string[];
  readonly surroundings: GraderSurroundings | null;
}

/**
 * Reads a grader from a file: an Environment, of which the grader and what belongs to it counts; or a part of its `spec`
 * that has `grader`; or a grader alone. Throws `bad_input` with every problem.
 */
export async function loadGrader(
  file: string,
  { secretFlags, surroundings }: LoadGraderOptions,
  io: Pick<CliIo, "cwd" | "env">,
): Promise<EnvironmentInput> {
  const { documents, problems } = await readFileDocuments(file, io.cwd);
  if (problems.length > 0) throw refused(problems);
  const resolved = await resolveEnvironmentInput([], {
    cwd: io.cwd,
    env: io.env,
    secretFlags,
    secretsFor: "judges",
    fallback: documents.map((document) => asEnvironment(document, surroundings)),
  });
  if (resolved.ok) return resolved.input;
  const isAlone = surroundings === null && documents.some(({ kind }) => kind === undefined);
  throw refused(resolved.problems, isAlone ? ALONE : "");
}

const ALONE =
  "\nThe Environment of the rollouts is not known here: where the grader needs more of it, give a whole Environment.";

/** The grader of a run, as its notes have it. Throws `bad_input` with every problem, such as a secret that was not given. */
export async function graderOf(
  { name, folder, spec }: GraderSurroundings,
  { secretFlags }: Pick<LoadGraderOptions, "secretFlags">,
  { cwd, env }: Pick<CliIo, "cwd" | "env">,
): Promise<EnvironmentInput> {
  const value = { apiVersion: "rollyard.dev/v1alpha1", kind: "Environment", metadata: { name }, spec };
  const source = { file: `the run's Environment ${name}`, folder, lineOf: () => undefined };
  const resolved = await resolveEnvironmentInput([], {
    cwd,
    env,
    secretFlags,
    secretsFor: "judges",
    fallback: [{ source, kind: "Environment", value }],
  });
  if (resolved.ok) return resolved.input;
  throw refused(resolved.problems);
}

async function readFileDocuments(file: string, cwd: string): ReturnType<typeof parsed> {
  const place = path.resolve(cwd, file);
  try {
    return await parsed(await readFile(place, "utf8"), file, place);
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown error";
    const message = code === "ENOENT" ? "no such file" : `can't be read (${code})`;
    return { documents: [], problems: [{ file, path: "", message }] };
  }
}

async function parsed(
  text: string,
  file: string,
  place: string,
): Promise<{ readonly documents: readonly RawDocument[]; readonly problems: readonly Problem[] }> {
  return parseYaml(text, { file, folder: path.dirname(place) });
}

function asEnvironment(document: RawDocument, surroundings: GraderSurroundings | null): RawDocument {
  const { value, kind } = document;
  if (kind !== undefined || !isJsonObject(value)) return document;
  const given = isJsonObject(value["grader"]) ? value : { grader: value };
  const spec: JsonObject = { ...surroundings?.spec, ...given };
  const name = surroundings?.name ?? "grader";
  return {
    // A grader stands higher in its file than in an Environment.
    source: { ...document.source, lineOf: (at) => document.source.lineOf(inFile(at, value)) },
    kind: "Environment",
    value: { apiVersion: "rollyard.dev/v1alpha1", kind: "Environment", metadata: { name }, spec },
  };
}

function inFile(at: readonly (string | number)[], value: JsonObject): readonly (string | number)[] {
  const [, ...below] = at;
  return Object.hasOwn(objectOrEmpty(value), "grader") ? below : below.slice(1);
}

function refused(problems: readonly Problem[], hint = ""): RollyardError {
  return new RollyardError("bad_input", { message: `${problems.map(formatProblem).join("\n")}${hint}` });
}
