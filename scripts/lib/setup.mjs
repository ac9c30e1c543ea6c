import { ensureDependencies } from "./dependencies.mjs";
import { ensureNatsServer } from "./nats-server.mjs";
import { ensureNode } from "./node-runtime.mjs";
import { findPlaces } from "./places.mjs";
import { ensureSandboxd } from "./sandboxd.mjs";

/**
 * What a set-up leaves: the Node that runs the product, and the environment that tells it where the other programs are.
 * @typedef {{ places: import("./places.mjs").Places, node: string, env: NodeJS.ProcessEnv }} Setup
 */

/**
 * Sets a clone up: dependencies, Node 24, nats-server, sandboxd. Silent and quick when nothing is to do.
 * @returns {Promise<Setup>}
 */
export async function setUpClone() {
  const tools = await setUpTools();
  return { ...tools, env: await ensurePrograms(tools.places, ["nats-server", "sandboxd"]) };
}

/**
 * The part of the set-up that compiling and generating need: dependencies and Node 24.
 * @returns {Promise<Setup>}
 */
export async function setUpTools() {
  const places = findPlaces();
  await ensureDependencies(places);
  return { places, node: await ensureNode(places), env: process.env };
}

/** @typedef {"nats-server" | "sandboxd"} Program */

/**
 * @param {import("./places.mjs").Places} places
 * @param {readonly Program[]} programs those that are needed
 * @returns {Promise<NodeJS.ProcessEnv>} this process's environment with their paths, and with Node's cache of compiled code,
 *   which halves the time in which a command starts
 */
export async function ensurePrograms(places, programs) {
  /** @type {NodeJS.ProcessEnv} */
  const env = { NODE_COMPILE_CACHE: places.compileCache, ...process.env };
  if (programs.includes("nats-server")) env["ROLLYARD_NATS_SERVER"] = await ensureNatsServer(places);
  if (programs.includes("sandboxd")) env["ROLLYARD_SANDBOXD"] = await ensureSandboxd(places);
  return env;
}
