import { join } from "node:path";
import { CONTROL_PLANE_MODULES } from "./control-plane-modules.mjs";
import { isExecutable } from "./find-on-path.mjs";
import { ensureToolProgram } from "./tool-programs.mjs";

/** @typedef {import("./control-plane-modules.mjs").ControlPlaneProgram} ControlPlaneProgram */

const ADVICE = ", or name a folder that has it in KUBEBUILDER_ASSETS";

/**
 * Sees to it that the programs of a control plane are there. The folder in KUBEBUILDER_ASSETS comes first, then the cache
 * between clones; what neither has is built from released modules, once for each content of its go.sum.
 * @template {ControlPlaneProgram} Name
 * @param {import("./places.mjs").Places} places
 * @param {readonly Name[]} programs
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Record<Name, string>>} their paths. Rejects with a SetupError that says what to install.
 */
export async function ensureControlPlane(places, programs, env = process.env) {
  /** @type {Partial<Record<ControlPlaneProgram, string>>} */
  const paths = {};
  for (const program of programs) {
    const target = { modules: CONTROL_PLANE_MODULES, program, env, advice: ADVICE };
    paths[program] = givenProgram(program, env) ?? (await ensureToolProgram(places, target));
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
