import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { listFiles } from "./hash-folder.mjs";
import { runQuietly } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";

/**
 * Compiles into `dist` what the package ships, since Node strips no types under node_modules.
 * @param {import("./places.mjs").Places} places
 * @param {string} node
 */
export async function compilePackage({ root }, node) {
  const dist = join(root, "dist");
  rmSync(dist, { recursive: true, force: true });
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const result = await runQuietly(node, [tsc, "-p", "tsconfig.build.json"], { cwd: root });
  if (result.code !== 0) throw new SetupError(`the sources do not compile:\n${result.output}`);
  copyAssets(root, dist);
}

/**
 * Copies what stands beside the sources and is read at run time: every file of src/ that is not TypeScript.
 * @param {string} root
 * @param {string} dist
 */
function copyAssets(root, dist) {
  const assets = listFiles(join(root, "src")).filter((path) => !path.endsWith(".ts"));
  for (const path of assets) cpSync(join(root, "src", path), join(dist, "src", path));
}
