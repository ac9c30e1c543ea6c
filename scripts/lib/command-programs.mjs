import { statSync } from "node:fs";

/** Which programs a command starts; the others only read and write files. */
const PROGRAMS = /** @type {const} */ ({
  run: ["nats-server", "sandboxd"],
  serve: ["nats-server", "sandboxd"],
  retry: ["nats-server", "sandboxd"],
  regrade: ["nats-server", "sandboxd"],
  tool: ["sandboxd"],
  sandbox: ["sandboxd"],
});

/**
 * The programs to have ready before `rollyard <args>` starts. `retry` starts them for a folder of a run, and none for a job of a
 * cluster.
 * @param {readonly string[]} args
 * @param {(path: string) => boolean} isFolder
 * @returns {readonly import("./setup.mjs").Program[]}
 */
export function programsFor(args, isFolder = isFolderHere) {
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  if (own.some((arg) => arg === "--help" || arg === "-h" || arg === "--dry-run")) return [];
  const [command, ...rest] = own.filter((arg) => !arg.startsWith("-"));
  if (command === "retry" && !rest.some((arg) => isFolder(arg))) return [];
  return command !== undefined && Object.hasOwn(PROGRAMS, command)
    ? PROGRAMS[/** @type {keyof typeof PROGRAMS} */ (command)]
    : [];
}

/** @param {string} path */
function isFolderHere(path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
