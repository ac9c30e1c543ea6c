import { NODE_MODULES } from "./node-modules.mjs";
import { ensureNodePrograms } from "./node-programs.mjs";
import { findPlaces } from "./places.mjs";
import { SetupError } from "./setup-error.mjs";
import { isToolProgramBuilt } from "./tool-programs.mjs";

/** Variable that tells tests why there is no runsc for them. */
const NO_RUNSC = "ROLLYARD_NO_RUNSC";

/**
 * Builds the runsc that a tier tries the gVisor launcher with, once for all clones; where it can't be built, the tier runs
 * without, and its tests say why.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ command: string, args: readonly string[], env: NodeJS.ProcessEnv }>}
 */
export async function withRunsc(command, args, env) {
  try {
    await ensureNodePrograms(findPlaces(), ["runsc"], env);
    return { command, args, env };
  } catch (error) {
    if (error instanceof SetupError) return { command, args, env: { ...env, [NO_RUNSC]: error.message } };
    throw error;
  }
}

/**
 * Why tests have no runsc, or null: they build nothing themselves, which takes minutes.
 * @param {import("./places.mjs").Places} places
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | null}
 */
export function whyNoRunsc(places, env) {
  if (isToolProgramBuilt(places, NODE_MODULES, "runsc")) return null;
  return env[NO_RUNSC] ?? "runsc is not built: npm test does it";
}
