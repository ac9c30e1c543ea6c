import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isExecutable } from "./find-on-path.mjs";
import { findGo, GO_ADVICE } from "./go.mjs";
import { hashFolder } from "./hash-folder.mjs";
import { keepLog } from "./keep-log.mjs";
import { runQuietly } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";
import { step } from "./step.mjs";

/** @typedef {import("./places.mjs").Places} Places */

/**
 * Builds sandboxd, the program inside each sandbox, when its sources have changed since the last build.
 * @param {Places} places
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<string>} path of the static executable
 */
export async function ensureSandboxd(places, env = process.env) {
  const sources = join(places.root, "services", "sandboxd");
  const binary = join(places.binFolder, "sandboxd");
  const stampPath = `${binary}.sources`;
  const stamp = hashFolder(sources, isSource);
  if (isExecutable(binary) && readStamp(stampPath) === stamp) return binary;
  const go = await findGo(sources, env);
  if (go.kind === "unusable") {
    throw new SetupError(`sandboxd can't be built (${go.reason}): ${GO_ADVICE}.`);
  }
  const part = `${binary}.${process.pid}`;
  mkdirSync(places.binFolder, { recursive: true });
  await step("Building sandboxd (seconds)", () =>
    build(places, { sources, part, env: { ...env, ...go.env } }),
  );
  renameSync(part, binary);
  writeFileSync(stampPath, stamp);
  return binary;
}

/** @param {string} path */
function isSource(path) {
  return (path.endsWith(".go") && !path.endsWith("_test.go")) || path === "go.mod" || path === "go.sum";
}

/**
 * @param {Places} places
 * @param {{ sources: string, part: string, env: NodeJS.ProcessEnv }} target
 */
async function build(places, { sources, part, env }) {
  const args = ["build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", part, "."];
  const goEnv = { ...env, CGO_ENABLED: "0" };
  const result = await runQuietly("go", args, { cwd: sources, env: goEnv });
  if (result.code === 0) return;
  const log = keepLog(places, "sandboxd", result.output);
  throw new SetupError(`sandboxd can't be built, see ${log}.`);
}

/** @param {string} path */
function readStamp(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}
