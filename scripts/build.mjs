// `npm run build`: compiles what the package ships, since Node strips no types under node_modules. Plain JavaScript for Node 20.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { listFiles } from "./lib/hash-folder.mjs";
import { runQuietly } from "./lib/run-command.mjs";
import { exitWith, SetupError } from "./lib/setup-error.mjs";
import { setUpTools } from "./lib/setup.mjs";

await exitWith(async () => {
  const { places, node } = await setUpTools();
  const { root } = places;
  const dist = join(root, "dist");
  rmSync(dist, { recursive: true, force: true });
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const result = await runQuietly(node, [tsc, "-p", "tsconfig.build.json"], { cwd: root });
  if (result.code !== 0) throw new SetupError(`the sources do not compile:\n${result.output}`);
  copyAssets(root, dist);
  return 0;
});

/**
 * Copies what stands beside the sources and is read at run time: every file of src/ that is not TypeScript.
 * @param {string} root
 * @param {string} dist
 */
function copyAssets(root, dist) {
  const assets = listFiles(join(root, "src")).filter((path) => !path.endsWith(".ts"));
  for (const path of assets) cpSync(join(root, "src", path), join(dist, "src", path));
}
