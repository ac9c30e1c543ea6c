import { join } from "node:path";
import { findGo } from "./go.mjs";
import { runQuietly } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";
import { ensureToolProgram, isToolProgramBuilt } from "./tool-programs.mjs";

const PROGRAM = "agent-sandbox-controller";
const RELEASE = "sigs.k8s.io/agent-sandbox";

/** @type {readonly import("./tool-modules.mjs").ToolModule<"agent-sandbox-controller">[]} */
const AGENT_SANDBOX_MODULES = [
  {
    folder: "agent-sandbox",
    cache: "agent-sandbox",
    release: RELEASE,
    programs: { "agent-sandbox-controller": "sigs.k8s.io/agent-sandbox/cmd/agent-sandbox-controller" },
    stampsVersion: false,
  },
];

/**
 * Sees to it that agent-sandbox's controller is there, built from its released module once for each content of its go.sum,
 * and the CRDs of the same release, which lie in the module's own folder.
 * @param {import("./places.mjs").Places} places
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ controller: string, crds: string, version: string }>} `controller`: the program; `crds`: a folder of
 *   manifests; `version` of the module. Rejects with a SetupError that says what to install.
 */
export async function ensureAgentSandbox(places, env = process.env) {
  const target = { modules: AGENT_SANDBOX_MODULES, program: PROGRAM, env };
  const controller = await ensureToolProgram(places, target);
  const { folder, version } = await moduleOf(join(places.root, "tools", "agent-sandbox"), env);
  return { controller, crds: join(folder, "k8s", "crds"), version };
}

/**
 * Whether its controller is there already: a build takes minutes.
 * @param {import("./places.mjs").Places} places
 */
export function isAgentSandboxBuilt(places) {
  return isToolProgramBuilt(places, AGENT_SANDBOX_MODULES, PROGRAM);
}

/**
 * Where Go keeps the module's files; fetched when they are not there.
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ folder: string, version: string }>}
 */
async function moduleOf(cwd, env) {
  const go = await findGo(cwd, env);
  const goEnv = { ...env, ...(go.kind === "ready" ? go.env : {}) };
  const result = await runQuietly("go", ["mod", "download", "-json", RELEASE], { cwd, env: goEnv });
  if (result.code !== 0) throw new SetupError(`The files of ${RELEASE} can't be fetched: ${result.output}`);
  const { Dir: folder, Version: version } = JSON.parse(result.stdout);
  return { folder, version };
}
