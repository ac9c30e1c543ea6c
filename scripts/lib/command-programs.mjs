/** Which programs a command starts; the others only read and write files. */
const PROGRAMS = /** @type {const} */ ({
  run: ["nats-server", "sandboxd"],
  serve: ["nats-server", "sandboxd"],
  regrade: ["nats-server", "sandboxd"],
  tool: ["sandboxd"],
  sandbox: ["sandboxd"],
});

/**
 * The programs to have ready before `rollyard <args>` starts.
 * @param {readonly string[]} args
 * @returns {readonly import("./setup.mjs").Program[]}
 */
export function programsFor(args) {
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  if (own.some((arg) => arg === "--help" || arg === "-h" || arg === "--dry-run")) return [];
  const command = own.find((arg) => !arg.startsWith("-"));
  return command !== undefined && Object.hasOwn(PROGRAMS, command)
    ? PROGRAMS[/** @type {keyof typeof PROGRAMS} */ (command)]
    : [];
}
