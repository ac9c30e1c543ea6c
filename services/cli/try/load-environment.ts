import { loadDocuments } from "../../../src/config/load-documents.ts";
import { formatProblem } from "../../../src/config/problem.ts";
import type { SecretStore } from "../../../src/config/secret-store.ts";
import type { EnvironmentSpec } from "../../../src/environment/environment.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { CliIo } from "../cli-io.ts";

/** An environment to try. */
export interface LoadedEnvironment {
  readonly spec: EnvironmentSpec;
  /** Folder that its relative paths count from. */
  readonly folder: string;
  readonly secrets: SecretStore;
}

/** Reads the one Environment of the files. Throws `bad_input` with every problem, or when there is none or several. */
export async function loadEnvironment(
  files: readonly string[],
  secretFlags: readonly string[],
  io: CliIo,
): Promise<LoadedEnvironment> {
  const { documents, secrets, problems } = await loadDocuments(files, {
    cwd: io.cwd,
    env: io.env,
    secretFlags,
  });
  if (problems.length > 0)
    throw new RollyardError("bad_input", { message: problems.map(formatProblem).join("\n") });
  const [first, ...others] = documents.environments;
  if (first === undefined || others.length > 0)
    throw new RollyardError("bad_input", {
      message: `The files hold ${documents.environments.length} Environments: give exactly one.`,
    });
  return { spec: first.value.spec, folder: first.source.folder, secrets };
}
