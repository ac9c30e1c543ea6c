import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { access, mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { PythonInstall } from "./find-python.ts";
import { pipEnvironment } from "./pip-environment.ts";

/** What a virtual environment is made from, and where. */
export interface GraderVenvRequest {
  /** Absolute path of the requirements.txt; relative places in it count from its folder. */
  readonly requirementsFile: string;
  readonly python: PythonInstall;
  /** Absolute folder in which environments are kept. */
  readonly cacheFolder: string;
  /** Variables of the programs that make it: pip reads its settings from there. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told what they print while it is made. */
  readonly say: (text: string) => void;
}

// Others may have to read it: a sandbox has a user of its own.
const READABLE = ["/bin/sh", "-c", 'umask 022; exec "$@"', "sh"];

/**
 * The folder of the virtual environment for a requirements.txt. It is made once for each folder and content of
 * the file and each Python, and kept. Rejects with `bad_input` and pip's own sentence when it can't be made.
 */
export async function graderVenv(request: GraderVenvRequest): Promise<string> {
  const { requirementsFile, python, cacheFolder, say } = request;
  const folder = join(cacheFolder, keyOf(requirementsFile, await readRequirements(requirementsFile), python));
  if (await exists(join(folder, "bin", "python3"))) return folder;
  say(`making the graders' Python from ${requirementsFile}\n`);
  await mkdir(cacheFolder, { recursive: true });
  const partial = `${folder}.${randomBytes(4).toString("hex")}`;
  try {
    await make(partial, request);
    // Of two that make the same at once, the second finds the first's and takes it.
    await rename(partial, folder).catch(async (error: unknown) => {
      if (!(await exists(join(folder, "bin", "python3")))) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return folder;
}

async function make(folder: string, request: GraderVenvRequest): Promise<void> {
  const { requirementsFile, python } = request;
  const inFolder = { ...request, cwd: dirname(requirementsFile) };
  await runOrRefuse([python.executable, "-I", "-m", "venv", folder], inFolder);
  const pip = [
    join(folder, "bin", "python3"),
    "-I",
    "-m",
    "pip",
    "--disable-pip-version-check",
    "--no-input",
  ];
  await runOrRefuse([...pip, "install", "--no-warn-script-location", "-r", requirementsFile], inFolder);
}

async function readRequirements(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new RollyardError("bad_input", {
      message: `spec.graderRuntime.venv: ${file} can't be read.`,
      cause,
    });
  }
}

/** The file's folder is in it: relative places of two projects may read alike and be different packages. */
function keyOf(file: string, requirements: Uint8Array, { executable, version }: PythonInstall): string {
  const names = `${executable}\n${version}\n${dirname(file)}\n`;
  return createHash("sha256").update(names).update(requirements).digest("hex");
}

function runOrRefuse(
  command: readonly string[],
  { cwd, env, say }: Pick<GraderVenvRequest, "env" | "say"> & { readonly cwd: string },
): Promise<void> {
  const [program = "", ...args] = [...READABLE, ...command];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: pipEnvironment(env), stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    const onText = (text: string): void => {
      said = `${said}${text}`.slice(-16_384);
      say(text);
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", onText);
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(refused(said))));
  });
}

/** pip ends with a line `ERROR: …`; Debian's venv without its package, with several plain ones. */
function refused(said: string): RollyardError {
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  const sentence = lines.findLast((line) => line.startsWith("ERROR: "))?.slice("ERROR: ".length);
  return new RollyardError("bad_input", {
    message: `spec.graderRuntime.venv can't be made: ${sentence ?? lines.slice(0, 6).join(" ")}`,
  });
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
