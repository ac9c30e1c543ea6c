import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CONTROL_PLANE_MODULES, linkerFlags, releaseVersion } from "./control-plane-modules.mjs";
import { isExecutable } from "./find-on-path.mjs";
import { findGo, GO_ADVICE } from "./go.mjs";
import { buildWithProgress } from "./go-build.mjs";
import { keepLog } from "./keep-log.mjs";
import { SetupError } from "./setup-error.mjs";
import { step } from "./step.mjs";

/** @typedef {import("./places.mjs").Places} Places */
/** @typedef {import("./control-plane-modules.mjs").ControlPlaneModule} ControlPlaneModule */
/** @typedef {import("./control-plane-modules.mjs").ControlPlaneProgram} ControlPlaneProgram */

/**
 * Sees to it that the programs of a control plane are there. The folder in KUBEBUILDER_ASSETS comes first, then the cache
 * between clones; what neither has is built from released modules, once for each content of its go.sum.
 * @template {ControlPlaneProgram} Name
 * @param {Places} places
 * @param {readonly Name[]} programs
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Record<Name, string>>} their paths. Rejects with a SetupError that says what to install.
 */
export async function ensureControlPlane(places, programs, env = process.env) {
  /** @type {Partial<Record<ControlPlaneProgram, string>>} */
  const paths = {};
  for (const program of programs) {
    paths[program] = givenProgram(program, env) ?? (await ensureBuilt(places, program, env));
  }
  return /** @type {Record<Name, string>} */ (paths);
}

/**
 * @param {ControlPlaneProgram} program
 * @param {NodeJS.ProcessEnv} env
 */
function givenProgram(program, env) {
  const folder = env["KUBEBUILDER_ASSETS"];
  if (folder === undefined || folder === "") return null;
  const path = join(folder, program);
  return isExecutable(path) ? path : null;
}

/**
 * @param {Places} places
 * @param {ControlPlaneProgram} program
 * @param {NodeJS.ProcessEnv} env
 */
async function ensureBuilt(places, program, env) {
  const module = CONTROL_PLANE_MODULES.find(({ programs }) => program in programs);
  if (module === undefined) throw new Error(`no module builds ${program}`);
  const pin = readPin(places, module);
  const path = join(pin.cached, program);
  if (!isExecutable(path)) await build(places, { module, program, pin, env });
  return path;
}

/**
 * What go.mod and go.sum pin, and where its programs are kept.
 * @typedef {{ folder: string, version: string, cached: string }} Pin
 */

/**
 * @param {Places} places
 * @param {ControlPlaneModule} module
 * @returns {Pin}
 */
function readPin(places, { name, release }) {
  const folder = join(places.root, "tools", "controlplane", name);
  const [goMod, goSum] = ["go.mod", "go.sum"].map((file) => readFileSync(join(folder, file), "utf8"));
  const version = releaseVersion(goMod ?? "", release);
  if (version === null) {
    throw new SetupError(`tools/controlplane/${name}/go.mod does not name a version of ${release}.`);
  }
  const key = createHash("sha256").update(`${goMod}\0${goSum}`).digest("hex").slice(0, 12);
  return { folder, version, cached: join(places.sharedCache, `control-plane-${name}-${version}-${key}`) };
}

/**
 * @param {Places} places
 * @param {{ module: ControlPlaneModule, program: ControlPlaneProgram, pin: Pin, env: NodeJS.ProcessEnv }} target
 */
async function build(places, { module, program, pin, env }) {
  const go = await findGo(pin.folder, env);
  if (go.kind === "unusable") {
    throw new SetupError(
      `${program} can't be built (${go.reason}): ${GO_ADVICE}, or name a folder that has it in KUBEBUILDER_ASSETS.`,
    );
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
