// `npm run bench:serve`: sets the clone up and measures what a gateway adds to calls of hosted trainers;
// docs/benchmarks.md. Plain JavaScript
// for Node 20.
import { join } from "node:path";
import { runAttached } from "./lib/run-attached.mjs";
import { exitWith } from "./lib/setup-error.mjs";
import { setUpTools } from "./lib/setup.mjs";

await exitWith(async () => {
  const { places, node, env } = await setUpTools();
  const bench = join(places.root, "test", "load", "serve-bench.ts");
  return runAttached(node, [bench, ...process.argv.slice(2)], { cwd: places.root, env });
});
