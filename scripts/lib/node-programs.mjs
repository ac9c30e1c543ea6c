import { NODE_MODULES } from "./node-modules.mjs";
import { ensureToolProgram } from "./tool-programs.mjs";

/**
 * Sees to it that programs of a real node are there, built from released modules once for each content of their go.sum.
 * @template {import("./node-modules.mjs").NodeProgram} Name
 * @param {import("./places.mjs").Places} places
 * @param {readonly Name[]} programs
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Record<Name, string>>} their paths. Rejects with a SetupError that says what to install.
 */
export async function ensureNodePrograms(places, programs, env = process.env) {
  /** @type {Partial<Record<import("./node-modules.mjs").NodeProgram, string>>} */
  const paths = {};
  for (const program of programs)
    paths[program] = await ensureToolProgram(places, { modules: NODE_MODULES, program, env });
  return /** @type {Record<Name, string>} */ (paths);
}
