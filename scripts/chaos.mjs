// `npm run chaos`: sets the clone up and breaks a real run; docs/benchmarks.md. Plain JavaScript for Node 20.
import { join } from "node:path";
import { runAttached } from "./lib/run-attached.mjs";
import { exitWith } from "./lib/setup-error.mjs";
import { setUpClone } from "./lib/setup.mjs";

await exitWith(async () => {
  const { places, node, env } = await setUpClone();
  const chaos = join(places.root, "test", "chaos", "main.ts");
  return runAttached(node, [chaos, ...process.argv.slice(2)], { cwd: places.root, env });
});
