import { spawn } from "node:child_process";
import { constants } from "node:os";

const PASSED_ON = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/** @typedef {import("node:child_process").ChildProcess} ChildProcess */

/**
 * Runs a command on this process's own terminal and streams, passes signals on, and outlives it. With `tells` it tells the
 * command by message of the signals that it got itself (`{ relayedSignal }`): sent as signals, those that went to the whole
 * process group would look like two each.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, tells?: boolean }} [options]
 * @returns {Promise<number>} its exit code; 128 + the signal's number when a signal ended it; 127 when it can't start
 */
export function runAttached(command, args, { tells = false, ...options } = {}) {
  return new Promise((resolve) => {
    const stdio = /** @type {const} */ (["inherit", "inherit", "inherit"]);
    const child = spawn(command, args, { ...options, stdio: tells ? [...stdio, "ipc"] : [...stdio] });
    const onSignal = (/** @type {NodeJS.Signals} */ signal) => {
      if (tells) tell(child, signal);
      else if (!isFromTerminal(signal)) child.kill(signal);
    };
    for (const signal of PASSED_ON) process.on(signal, onSignal);
    const end = (/** @type {number} */ code) => {
      for (const signal of PASSED_ON) process.off(signal, onSignal);
      resolve(code);
    };
    child.on("error", () => end(127));
    child.on("exit", (code, signal) => end(code ?? 128 + signalNumber(signal)));
  });
}

/**
 * @param {ChildProcess} child
 * @param {NodeJS.Signals} relayedSignal
 */
function tell(child, relayedSignal) {
  // One that listens no more is on its way out.
  if (child.connected) child.send({ relayedSignal }, () => undefined);
}

/**
 * A terminal sends Ctrl-C to the whole process group: passing it on would make one press look like two.
 * @param {NodeJS.Signals} signal
 */
function isFromTerminal(signal) {
  return signal === "SIGINT" && (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY);
}

/** @param {NodeJS.Signals | null} signal */
function signalNumber(signal) {
  return signal === null ? 0 : constants.signals[signal];
}
