import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

const run = promisify(execFile);

const MAKE_WHEEL = `
import sys, zipfile
folder, name, version, source = sys.argv[1:]
name = name.replace("-", "_")
info = name + "-" + version + ".dist-info"
with zipfile.ZipFile(folder + "/" + name + "-" + version + "-py3-none-any.whl", "w") as wheel:
    wheel.writestr(name + ".py", source)
    wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: " + name + "\\nVersion: " + version + "\\n")
    wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "/RECORD", "")
`;

/** Why no virtual environment can be made here, or null. Debian has it in a package of its own. */
export async function whyNoVenv(): Promise<string | null> {
  return run("/usr/bin/python3", ["-I", "-c", "import ensurepip"]).then(
    () => null,
    () => "python3-venv is not installed",
  );
}

/** Makes a package of one module that pip can install from a folder. */
export async function localWheel(
  folder: string,
  { name, version, source }: { readonly name: string; readonly version: string; readonly source: string },
): Promise<void> {
  await run("/usr/bin/python3", ["-I", "-c", MAKE_WHEEL, folder, name, version, source]);
}

/** Makes a package in a folder, and a requirements.txt beside it that needs no network. Resolves with its path. */
export async function localRequirements(
  folder: string,
  packages: Readonly<Record<string, string>>,
  needs: readonly string[] = Object.keys(packages),
): Promise<string> {
  for (const [name, source] of Object.entries(packages)) {
    await localWheel(folder, { name, version: "1.0", source });
  }
  const file = join(folder, "requirements.txt");
  await writeFile(file, ["--no-index", "--find-links .", ...needs, ""].join("\n"));
  return file;
}
