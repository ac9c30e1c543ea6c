// `npm run test:e2e -- FILE…`: sets the clone up and runs the tests of real pods in a network of their own. Plain JavaScript for
// Node 20.
import { join } from "node:path";
import { e2eCommand } from "./lib/e2e-tier.mjs";
import { runAttached } from "./lib/run-attached.mjs";
import { exitWith } from "./lib/setup-error.mjs";
import { setUpClone } from "./lib/setup.mjs";

await exitWith(async () => {
  const { places, node, env } = await setUpClone();
  const vitest = join(places.root, "node_modules", "vitest", "vitest.mjs");
  const args = [vitest, "run", "--project", "e2e", ...process.argv.slice(2)];
  const run = await e2eCommand(node, args, env);
  return runAttached(run.command, run.args, { cwd: places.root, env: run.env });
});
