import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { hashFolder } from "./hash-folder.mjs";
import { runQuietly } from "./run-command.mjs";

/** Folders whose generated files are compared. */
const GENERATED = ["src/gen", "docs/reference", "config/crds", "charts/rollyard"];

/**
 * Makes the generated files anew: protobuf code by buf, the rest by every scripts/generate*.ts.
 * @param {import("./tool-environment.mjs").ToolEnvironment} tools
 * @returns {Promise<string | null>} what the generator that failed printed, or null
 */
export async function generate({ root, node, env }) {
  const scripts = readdirSync(join(root, "scripts")).filter((name) => /^generate(-[a-z-]+)?\.ts$/.test(name));
  const commands = [["buf", "generate"], ...scripts.toSorted().map((name) => [node, join("scripts", name)])];
  for (const [command = "", ...args] of commands) {
    const result = await runQuietly(command, args, { cwd: root, env });
    if (result.code !== 0) return `${command} ${args.join(" ")}\n${result.output}`;
  }
  return null;
}

/**
 * Makes the generated files anew and compares: what is committed has to be what the sources give.
 * @param {import("./tool-environment.mjs").ToolEnvironment} tools
 * @returns {Promise<string | null>} what is wrong, or null
 */
export async function findDrift(tools) {
  const before = hashGenerated(tools.root);
  const failure = await generate(tools);
  if (failure !== null) return failure;
  const after = hashGenerated(tools.root);
  const changed = GENERATED.filter((_folder, index) => before[index] !== after[index]);
  if (changed.length === 0) return null;
  return `${changed.join(", ")} did not match the sources; made anew now: look at the difference and commit it.\n`;
}

/** @param {string} root */
function hashGenerated(root) {
  return GENERATED.map((folder) => (existsSync(join(root, folder)) ? hashFolder(join(root, folder)) : ""));
}
