import { join } from "node:path";
import { findDrift } from "./generated-files.mjs";
import { findBreakingBase } from "./proto-base.mjs";
import { runQuietly } from "./run-command.mjs";

/** @typedef {import("./tool-environment.mjs").ToolEnvironment} ToolEnvironment */
/** @typedef {{ kind: "passed" } | { kind: "skipped", reason: string } | { kind: "failed", output: string }} CheckResult */
/** @typedef {{ name: string, run: (tools: ToolEnvironment) => Promise<CheckResult> }} Check */

/** @type {CheckResult} */
const PASSED = { kind: "passed" };

/**
 * The checks before the tests, in the order of what fails fastest.
 * @type {readonly Check[]}
 */
export const CHECKS = [
  command("format", ["oxfmt", "--check"]),
  command("lint", ["oxlint", "--type-aware", "--deny-warnings"]),
  command("types", ["tsc", "--noEmit", "-p", "."]),
  command("dead code", ["knip", "--no-progress"]),
  command("protobuf lint", ["buf", "lint"]),
  { name: "protobuf compatibility", run: checkBreaking },
  { name: "generated files", run: checkDrift },
  { name: "go format", run: checkGoFormat },
  command("go vet", ["go", "vet", "./..."], join("services", "sandboxd")),
];

/**
 * @param {string} name
 * @param {readonly [string, ...string[]]} argv
 * @param {string} [folder] relative to the root
 * @returns {Check}
 */
function command(name, [program, ...args], folder = "") {
  return {
    name,
    run: async ({ root, env }) => {
      const result = await runQuietly(program, args, { cwd: join(root, folder), env });
      return result.code === 0 ? PASSED : { kind: "failed", output: result.output };
    },
  };
}

/**
 * @param {ToolEnvironment} tools
 * @returns {Promise<CheckResult>}
 */
async function checkBreaking({ root, env }) {
  const base = await findBreakingBase(root);
  if (base.kind === "none") return { kind: "skipped", reason: base.reason };
  const args = ["breaking", "--against", `.git#ref=${base.commit}`];
  const result = await runQuietly("buf", args, { cwd: root, env });
  return result.code === 0 ? PASSED : { kind: "failed", output: result.output };
}

/**
 * @param {ToolEnvironment} tools
 * @returns {Promise<CheckResult>}
 */
async function checkDrift(tools) {
  const output = await findDrift(tools);
  return output === null ? PASSED : { kind: "failed", output };
}

/**
 * @param {ToolEnvironment} tools
 * @returns {Promise<CheckResult>}
 */
async function checkGoFormat({ root, env }) {
  const result = await runQuietly("gofmt", ["-l", "."], { cwd: join(root, "services", "sandboxd"), env });
  return result.code === 0 && result.output === "" ? PASSED : { kind: "failed", output: result.output };
}
