import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { z } from "zod";
import { RollyardError } from "../errors/rollyard-error.ts";
import { parseYaml } from "./parse-yaml.ts";
import { formatProblem, problemAt } from "./problem.ts";
import type { Problem } from "./problem.ts";
import { checkSchema } from "./schema-problems.ts";

/**
 * Reads a service's configuration: one YAML document of the schema's shape, defaults filled in.
 * Rejects with `bad_input`, whose message has a line for every problem, with file, line and path.
 */
export async function loadServiceConfig<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const text = await readOrRefuse(file);
  const { documents, problems } = parseYaml(text, { file, folder: dirname(resolve(file)) });
  if (problems.length > 0) throw refused(problems);
  const [document, second] = documents;
  if (document === undefined || second !== undefined) {
    throw refused([{ file, path: "", message: "must hold exactly one document" }]);
  }
  const checked = checkSchema(schema, document.value);
  if (checked.ok) return checked.value;
  throw refused(checked.problems.map((problem) => problemAt(document.source, problem)));
}

async function readOrRefuse(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
    throw refused([{ file, path: "", message: `can't be read (${code})` }]);
  }
}

function refused(problems: readonly Problem[]): RollyardError {
  return new RollyardError("bad_input", { message: problems.map(formatProblem).join("\n") });
}
