import { mkdir } from "node:fs/promises";
import path from "node:path";
import { findPython } from "../../../src/config/find-python.ts";
import { graderVenv } from "../../../src/config/grader-venv.ts";
import { OPENAI_RUNTIME, OPENAI_VENV } from "../../../src/config/openai-runtime.ts";
import type { EnvironmentInput } from "../../../src/config/run-input.ts";
import { usesPython } from "../../../src/config/uses-python.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { SandboxLauncher } from "../../../src/sandbox/port.ts";
import { replaceFile } from "../../../src/trajectory/replace-file.ts";
import type { CliIo } from "../cli-io.ts";

/** In what the sandboxes of an environment's graders differ from those of its agents. */
export interface GraderRuntime {
  readonly image: string | undefined;
  /** Absolute path of a virtual environment. */
  readonly venv: string | undefined;
}

const NONE: GraderRuntime = { image: undefined, venv: undefined };

/**
 * Prepares `spec.graderRuntime` for the sandboxes of a launcher: makes the virtual environment, or takes the image.
 * Throws `bad_input` where the launcher can't give what graders need.
 */
export async function prepareGraderRuntime(
  input: Pick<EnvironmentInput, "environment" | "requirementsFile">,
  launcher: Pick<SandboxLauncher, "name">,
  io: Pick<CliIo, "env" | "stderr">,
): Promise<GraderRuntime> {
  return usesPython(input.environment) ? graderRuntimeFor(input, launcher, io) : NONE;
}

/** The same where graders run code for sure. */
export async function graderRuntimeFor(
  input: Pick<EnvironmentInput, "environment" | "requirementsFile">,
  launcher: Pick<SandboxLauncher, "name">,
  io: Pick<CliIo, "env" | "stderr">,
): Promise<GraderRuntime> {
  const { environment } = input;
  const image = environment.spec.graderRuntime?.image;
  const isDocker = launcher.name === "docker";
  refuseUnfit({ image, requirementsFile: input.requirementsFile, isDocker });
  if (isDocker) return { image, venv: undefined };
  return { image: undefined, venv: await makeVenv(input.requirementsFile, io) };
}

/**
 * Makes the virtual environment of an environment's graders, if it names one, for sandboxes that see this machine's
 * Python; resolves with its folder. Throws `bad_input`.
 */
export async function makeVenv(
  requirementsFile: string | undefined,
  io: Pick<CliIo, "env" | "stderr">,
): Promise<string | undefined> {
  const python = await findPython(null);
  if (python === null || python === "unknown") {
    throw refusal("python graders need Python ≥ 3.10 as python3 on this machine; install python3");
  }
  if (requirementsFile === undefined) return undefined;
  const { env, stderr: say } = io;
  const cacheFolder = path.join(userCache(env), "rollyard", "graders");
  const file = requirementsFile === OPENAI_VENV ? await openAiRequirements(cacheFolder) : requirementsFile;
  return graderVenv({ requirementsFile: file, python, cacheFolder, env, say });
}

/** pip reads files only. */
async function openAiRequirements(cacheFolder: string): Promise<string> {
  const file = path.join(cacheFolder, "openai-runtime.txt");
  await mkdir(cacheFolder, { recursive: true });
  await replaceFile(file, OPENAI_RUNTIME);
  return file;
}

function refuseUnfit(given: {
  readonly image: string | undefined;
  readonly requirementsFile: string | undefined;
  readonly isDocker: boolean;
}): void {
  if (given.image !== undefined && !given.isDocker) {
    throw refusal(
      "spec.graderRuntime.image needs Docker: set spec.sandbox.image too and start an engine, or give venv",
    );
  }
  if (given.requirementsFile !== undefined && given.isDocker) {
    throw refusal(
      "spec.graderRuntime.venv is made of this machine's Python, which no container sees; give image",
    );
  }
}

function refusal(message: string): RollyardError {
  return new RollyardError("bad_input", { message: `${message}.` });
}

function userCache(env: Readonly<Record<string, string | undefined>>): string {
  const named = env["XDG_CACHE_HOME"];
  if (named !== undefined && path.isAbsolute(named)) return named;
  return path.join(env["HOME"] ?? "/", ".cache");
}
