// `npm run simulate`: sets the clone up and runs simulated schedules of faults; CONTRIBUTING.md. Plain JavaScript for Node 20.
import { join } from "node:path";
import { runAttached } from "./lib/run-attached.mjs";
import { exitWith } from "./lib/setup-error.mjs";
import { setUpClone } from "./lib/setup.mjs";

await exitWith(async () => {
  const { places, node, env } = await setUpClone();
  const simulate = join(places.root, "test", "support", "simulation", "simulate-main.ts");
  return runAttached(node, [simulate, ...process.argv.slice(2)], { cwd: places.root, env });
});
