import { spawn } from "node:child_process";

/** @typedef {{ cwd?: string, env?: NodeJS.ProcessEnv, signal?: AbortSignal | undefined }} CommandOptions `signal` ends it */
/** @typedef {{ code: number, stdout: string, output: string }} CommandResult `output` is stdout and stderr as they came */

/**
 * Runs a command to its end and keeps what it prints. A command that can't be started ends with code 127.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<CommandResult>}
 */
export function runQuietly(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      output += text;
    });
    child.on("error", (error) => resolve({ code: 127, stdout, output: `${output}${error.message}\n` }));
    child.on("close", (code) => resolve({ code: code ?? 1, stdout, output }));
  });
}
