// `npm run bench:peers`: sets the clone up, compiles it, and runs bare pods, Indexed Jobs, agent-sandbox and Rollyard one after the other on
// one control plane; docs/benchmarks.md. Plain JavaScript for Node 20.
import { join } from "node:path";
import { compilePackage } from "./lib/compile-package.mjs";
import { runAttached } from "./lib/run-attached.mjs";
import { exitWith } from "./lib/setup-error.mjs";
import { setUpClone } from "./lib/setup.mjs";

await exitWith(async () => {
  const { places, node, env } = await setUpClone();
  await compilePackage(places, node);
  const bench = join(places.root, "test", "load", "peers-bench.ts");
  return runAttached(node, [bench, ...process.argv.slice(2)], { cwd: places.root, env });
});
