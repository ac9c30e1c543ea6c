import { findOnPath } from "./find-on-path.mjs";
import { runQuietly } from "./run-command.mjs";

/** Address of the machine in the private network beside loopback: pods see their node there. */
export const NODE_ADDRESS = "10.88.0.1";

const INSIDE = `ip link set lo up && ip address add ${NODE_ADDRESS}/32 dev lo && exec "$@"`;

/**
 * The command that runs another in a network namespace of its own: loopback, {@link NODE_ADDRESS}, and no way out.
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {{ command: string, args: readonly string[] }}
 */
export function inPrivateNetwork(command, args) {
  return { command: "unshare", args: ["--net", "/bin/sh", "-c", INSIDE, "network", command, ...args] };
}

/**
 * Why this machine can't have one, as a clause for a sentence; null when it can.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<string | null>}
 */
export async function whyNoPrivateNetwork(env = process.env) {
  if (process.platform !== "linux") return "it needs Linux";
  if (process.getuid?.() !== 0) return "only root can make a network namespace with pods in it";
  for (const [program, debian] of /** @type {const} */ ([
    ["unshare", "util-linux"],
    ["ip", "iproute2"],
  ])) {
    if (findOnPath(program, env["PATH"]) === null) return `${program} is not installed (Debian: ${debian})`;
  }
  const { command, args } = inPrivateNetwork("true", []);
  const trial = await runQuietly(command, args, { env });
  return trial.code === 0 ? null : `no network namespace can be made here: ${trial.output.trim()}`;
}
