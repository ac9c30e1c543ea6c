// `npm run bench:kube`: sets the clone up and measures the client of the API server; docs/benchmarks.md. Plain JavaScript
// for Node 20.
import { join } from "node:path";
import { runAttached } from "./lib/run-attached.mjs";
import { exitWith } from "./lib/setup-error.mjs";
import { setUpTools } from "./lib/setup.mjs";

await exitWith(async () => {
  const { places, node, env } = await setUpTools();
  const bench = join(places.root, "test", "load", "kube-bench.ts");
  return runAttached(node, [bench, ...process.argv.slice(2)], { cwd: places.root, env });
});
