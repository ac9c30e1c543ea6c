import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { findPython } from "../../../src/config/find-python.ts";
import { graderVenv } from "../../../src/config/grader-venv.ts";
import { OPENAI_RUNTIME } from "../../../src/config/openai-runtime.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { whyNoVenv } from "./local-wheel.ts";

const CACHE = fileURLToPath(new URL("../../../.cache/graders", import.meta.url));

/**
 * The folder of a virtual environment with packages of OpenAI's runtime in its versions. It is made once from PyPI and kept in
 * the clone. Where PyPI can't be reached, and nothing was kept, why not.
 */
export async function realPackages(
  names: readonly string[],
): Promise<{ readonly venv: string } | { readonly missing: string }> {
  const lacking = await whyNoVenv();
  if (lacking !== null) return { missing: lacking };
  const python = await findPython(null);
  if (python === null || python === "unknown") throw new Error("python3 is missing");
  const pins = OPENAI_RUNTIME.split("\n").filter((pin) => names.includes(pin.split("==")[0] ?? ""));
  if (pins.length !== names.length) throw new Error(`OpenAI's runtime lacks one of ${names.join(", ")}`);
  await mkdir(CACHE, { recursive: true });
  const requirementsFile = path.join(CACHE, `${names.join("-")}.txt`);
  await writeFile(requirementsFile, `${pins.join("\n")}\n`);
  const env = globalThis.process.env;
  const request = { requirementsFile, python, cacheFolder: CACHE, env, say: () => undefined };
  return graderVenv(request).then(
    (venv) => ({ venv }),
    (error: unknown) => {
      if (error instanceof RollyardError) return { missing: error.message };
      throw error;
    },
  );
}
