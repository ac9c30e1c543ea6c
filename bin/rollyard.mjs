#!/usr/bin/env node
// Starts the command line on Node 24: in this process where it is new enough, else on one that is found or installed.
// Plain JavaScript for Node 20; in a clone the TypeScript sources run as they are, in a package their compiled form.
import module from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { commandName } from "../scripts/lib/command-name.mjs";
import { programsFor } from "../scripts/lib/command-programs.mjs";
import { ensureDependencies } from "../scripts/lib/dependencies.mjs";
import { ensureNode, isModernNode } from "../scripts/lib/node-runtime.mjs";
import { endWithNpx } from "../scripts/lib/end-with-npx.mjs";
import { findPlaces } from "../scripts/lib/places.mjs";
import { runAttached } from "../scripts/lib/run-attached.mjs";
import { ensurePrograms } from "../scripts/lib/setup.mjs";
import { exitWith } from "../scripts/lib/setup-error.mjs";

await exitWith(async () => {
  const places = findPlaces();
  const args = process.argv.slice(2);
  if (places.isClone) await ensureDependencies(places);
  const node = await ensureNode(places);
  const script = process.argv[1] ?? "rollyard";
  const env = {
    ...(await ensurePrograms(places, programsFor(args))),
    ROLLYARD_COMMAND: commandName({ script, env: process.env, cwd: process.cwd(), places }),
  };
  endWithNpx(process.env);
  const main = join(places.root, places.isClone ? "services/cli/main.ts" : "dist/services/cli/main.js");
  if (!isModernNode()) return runAttached(node, [main, ...args], { env, tells: true });
  Object.assign(process.env, env);
  // Not imported by its name: Node 20 has no such export.
  module.enableCompileCache(places.compileCache);
  process.argv[1] = main;
  await import(pathToFileURL(main).href);
  return Number(process.exitCode ?? 0);
});
