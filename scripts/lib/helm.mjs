import { ensureToolProgram } from "./tool-programs.mjs";

/** @type {readonly import("./tool-modules.mjs").ToolModule<"helm">[]} */
const HELM_MODULES = [
  {
    folder: "helm",
    cache: "helm",
    release: "helm.sh/helm/v4",
    programs: { helm: "helm.sh/helm/v4/cmd/helm" },
    stampsVersion: false,
  },
];

/**
 * Sees to it that helm is there, built from its released module once for each content of its go.sum.
 * @param {import("./places.mjs").Places} places
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<string>} its path. Rejects with a SetupError that says what to install.
 */
export function ensureHelm(places, env = process.env) {
  return ensureToolProgram(places, { modules: HELM_MODULES, program: "helm", env });
}
