import { basename, dirname, join, relative } from "node:path";

/**
 * How whoever started the command line types it again: `kubectl rollyard` as kubectl's plugin, `npx rollyard` where npm finds
 * it for them, `rollyard` where it is a command of the machine, else the file by its path.
 * @param {object} started
 * @param {string} started.script the file as it was named: a link in a folder of commands, or `bin/rollyard.mjs` itself
 * @param {NodeJS.ProcessEnv} started.env
 * @param {string} started.cwd
 * @param {{ root: string, isClone: boolean }} started.places
 * @returns {string}
 */
export function commandName({ script, env, cwd, places }) {
  if (/^kubectl-rollyard(?:\.mjs)?$/u.test(basename(script))) return "kubectl rollyard";
  if (env["npm_command"] === "exec") return "npx rollyard";
  if (basename(script) === "rollyard") {
    return dirname(script).endsWith(join("node_modules", ".bin")) ? "npx rollyard" : "rollyard";
  }
  if (places.isClone && isWithin(cwd, places.root)) return "npx rollyard";
  return `node ${quoted(script)}`;
}

/**
 * @param {string} folder
 * @param {string} outer
 */
function isWithin(folder, outer) {
  return relative(outer, folder).split(/[\\/]/u)[0] !== "..";
}

/** @param {string} text one word of a POSIX shell */
function quoted(text) {
  return /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
