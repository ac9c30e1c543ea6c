import { delimiter, join } from "node:path";

/**
 * What the checks run in. `env` finds the installed tools, and Node 24 for them, first on PATH.
 * @typedef {{ root: string, node: string, env: NodeJS.ProcessEnv }} ToolEnvironment
 */

/**
 * @param {import("./setup.mjs").Setup} setup
 * @returns {ToolEnvironment}
 */
export function toolEnvironment({ places, node, env }) {
  const path = [join(places.root, "node_modules", ".bin"), env["PATH"] ?? ""].join(delimiter);
  const colour = process.stdout.isTTY ? {} : { NO_COLOR: "1" };
  return {
    root: places.root,
    node,
    env: { ...env, ...colour, PATH: path, TESTCONTAINERS_RYUK_DISABLED: "true" },
  };
}
