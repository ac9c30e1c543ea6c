import { ensureControlPlane } from "./control-plane.mjs";
import { ensureHelm } from "./helm.mjs";
import { ensureNodePrograms } from "./node-programs.mjs";
import { findPlaces } from "./places.mjs";
import { inPrivateNetwork, whyNoPrivateNetwork } from "./private-network.mjs";
import { SetupError } from "./setup-error.mjs";

/** Variable that tells the e2e tier where it runs: `private`, or else why it can't. */
export const E2E_PLACE = "ROLLYARD_E2E_PLACE";

/** @type {readonly import("./node-modules.mjs").NodeProgram[]} */
const NODE = ["kubelet", "containerd", "containerd-shim-runc-v2", "ctr", "ptp", "host-local"];
/** @type {readonly import("./node-modules.mjs").NodeProgram[]} */
const GVISOR = ["runsc", "containerd-shim-runsc-v1"];
/** @type {readonly import("./control-plane-modules.mjs").ControlPlaneProgram[]} */
const CONTROL_PLANE = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok",
  "kubectl",
];

/**
 * Builds what a real cluster on this machine is made of, and says how its tests have to be run: in a network of their own, or,
 * where that can't be, as they are, with the reason for which they skip themselves.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ command: string, args: readonly string[], env: NodeJS.ProcessEnv }>}
 */
export async function e2eCommand(command, args, env) {
  const reason = (await whyNoPrivateNetwork(env)) ?? (await whyNoPrograms(env));
  const place = { ...env, [E2E_PLACE]: reason ?? "private" };
  return reason === null ? { ...inPrivateNetwork(command, args), env: place } : { command, args, env: place };
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string | null>}
 */
async function whyNoPrograms(env) {
  const places = findPlaces();
  try {
    await ensureControlPlane(places, CONTROL_PLANE, env);
    await ensureNodePrograms(places, [...NODE, ...GVISOR], env);
    // In the tests' network nothing can be fetched.
    await ensureHelm(places, env);
    return null;
  } catch (error) {
    if (error instanceof SetupError) return error.message;
    throw error;
  }
}
