import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isExecutable } from "./find-on-path.mjs";
import { findGo, GO_ADVICE } from "./go.mjs";
import { buildWithProgress } from "./go-build.mjs";
import { keepLog } from "./keep-log.mjs";
import { SetupError } from "./setup-error.mjs";
import { step } from "./step.mjs";
import { linkerFlags, releaseVersion } from "./tool-modules.mjs";

/** @typedef {import("./places.mjs").Places} Places */
/** @typedef {import("./tool-modules.mjs").ToolModule} ToolModule */

/**
 * What go.mod and go.sum pin, and where its programs are kept.
 * @typedef {{ folder: string, version: string, cached: string }} Pin
 */

/**
 * Sees to it that a program of a module under tools/ is in the cache between clones; it is built once for each content of
 * the module's go.mod and go.sum.
 * @param {Places} places
 * @param {{ modules: readonly ToolModule[], program: string, env: NodeJS.ProcessEnv, advice?: string }} target `advice`: what
 *   else than Go helps, for the end of a sentence
 * @returns {Promise<string>} its path. Rejects with a SetupError that says what to install.
 */
export async function ensureToolProgram(places, { modules, program, env, advice = "" }) {
  const { module, pin, path } = locate(places, modules, program);
  if (!isExecutable(path)) await build(places, { module, program, pin, env, advice });
  return path;
}

/**
 * Whether {@link ensureToolProgram} has nothing to build.
 * @param {Places} places
 * @param {readonly ToolModule[]} modules
 * @param {string} program
 */
export function isToolProgramBuilt(places, modules, program) {
  return isExecutable(locate(places, modules, program).path);
}

/**
 * @param {Places} places
 * @param {readonly ToolModule[]} modules
 * @param {string} program
 */
function locate(places, modules, program) {
  const module = modules.find(({ programs }) => program in programs);
  if (module === undefined) throw new Error(`no module builds ${program}`);
  const pin = readPin(places, module);
  return { module, pin, path: join(pin.cached, program) };
}

/**
 * @param {Places} places
 * @param {ToolModule} module
 * @returns {Pin}
 */
function readPin(places, module) {
  const folder = join(places.root, "tools", module.folder);
  const [goMod, goSum] = ["go.mod", "go.sum"].map((file) => readFileSync(join(folder, file), "utf8"));
  const version = releaseVersion(goMod ?? "", module.release);
  if (version === null) {
    throw new SetupError(`tools/${module.folder}/go.mod does not name a version of ${module.release}.`);
  }
  const key = createHash("sha256").update(`${goMod}\0${goSum}`).digest("hex").slice(0, 12);
  return { folder, version, cached: join(places.sharedCache, `${module.cache}-${version}-${key}`) };
}

/**
 * @param {Places} places
 * @param {{ module: ToolModule, program: string, pin: Pin, env: NodeJS.ProcessEnv, advice: string }} target
 */
async function build(places, { module, program, pin, env, advice }) {
  const go = await findGo(pin.folder, env);
  if (go.kind === "unusable") {
    throw new SetupError(`${program} can't be built (${go.reason}): ${GO_ADVICE}${advice}.`);
  }
  mkdirSync(pin.cached, { recursive: true });
  const partFolder = mkdtempSync(join(pin.cached, "part-"));
  const part = join(partFolder, program);
  const flags = `-ldflags=${linkerFlags(module.stampsVersion ? pin.version : null)}`;
  const args = ["-mod=readonly", "-trimpath", flags, "-o", part, module.programs[program] ?? ""];
  const goEnv = { ...env, ...go.env, CGO_ENABLED: "0" };
  try {
    await step(`Building ${program} ${pin.version} (minutes, once)`, async () => {
      const result = await buildWithProgress(args, { cwd: pin.folder, env: goEnv });
      if (result.code === 0) return renameSync(part, join(pin.cached, program));
      throw new SetupError(`${program} can't be built, see ${keepLog(places, program, result.output)}.`);
    });
  } finally {
    rmSync(partFolder, { recursive: true, force: true });
  }
}
