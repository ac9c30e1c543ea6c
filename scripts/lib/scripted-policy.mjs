import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { SetupError } from "./setup-error.mjs";

/**
 * Starts an example's scripted policy, an HTTP server that speaks chat completions. It ends when its stdin closes, so it
 * can't outlive this process however that ends; in a group of its own it does not see the terminal's Ctrl-C before the run does.
 * @param {{ places: { root: string }, node: string }} setup where the example is, and the Node that runs it
 * @param {string} example the example's folder, relative to the root
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>} `url` is the base URL for `--model-url`
 */
export async function startPolicy(setup, example) {
  const main = join(example, "policy", "main.ts");
  const child = spawn(setup.node, [main, "--port", "0"], {
    cwd: setup.places.root,
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const exited = once(child, "exit");
  const url = await readUrl(createInterface({ input: child.stdout }));
  if (url === null) throw new SetupError(`the scripted policy ${main} did not start.`);
  return {
    url,
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
}

/**
 * @param {import("node:readline").Interface} lines
 * @returns {Promise<string | null>} null when the program ends before it says its address
 */
async function readUrl(lines) {
  for await (const line of lines) return JSON.parse(line).url;
  return null;
}
