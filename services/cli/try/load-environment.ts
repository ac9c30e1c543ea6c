import type { LoadOptions } from "../../../src/config/load-documents.ts";
import { formatProblem } from "../../../src/config/problem.ts";
import { resolveEnvironmentInput } from "../../../src/config/run-input.ts";
import type { EnvironmentInput } from "../../../src/config/run-input.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";

/** Reads the one Environment of the files. Throws `bad_input` with every problem, or when there is none or several. */
export async function loadEnvironment(
  files: readonly string[],
  options: LoadOptions,
): Promise<EnvironmentInput> {
  const resolved = await resolveEnvironmentInput(files, options);
  if (resolved.ok) return resolved.input;
  throw new RollyardError("bad_input", { message: resolved.problems.map(formatProblem).join("\n") });
}
