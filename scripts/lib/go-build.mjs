import { spawn } from "node:child_process";
import { formatSeconds } from "./step.mjs";

const PROGRESS_MS = 15_000;
const PROGRAM = "go";

/**
 * Runs a long `go build` and says now and then on stderr how many packages it has compiled.
 * @param {readonly string[]} args those after `go build -v`
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<{ code: number, output: string }>} `output` without the names of packages that were compiled
 */
export function buildWithProgress(args, { cwd, env }) {
  return new Promise((resolve) => {
    const child = spawn(PROGRAM, ["build", "-v", ...args], { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
    const startedMs = performance.now();
    let packages = 0;
    let output = "";
    let rest = "";
    const timer = setInterval(() => {
      process.stderr.write(
        `  ${packages} packages compiled, ${formatSeconds(performance.now() - startedMs)}\n`,
      );
    }, PROGRESS_MS);
    child.stderr.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (isPackage(line)) packages += 1;
        else output += `${line}\n`;
      }
    });
    /** @param {number} code */
    const end = (code) => {
      clearInterval(timer);
      resolve({ code, output: `${output}${rest}` });
    };
    child.on("error", (error) => {
      rest += error.message;
      end(127);
    });
    child.on("close", (code) => end(code ?? 1));
  });
}

/** @param {string} line one that `go build -v` prints for a package that it compiles has nothing but the package's path */
function isPackage(line) {
  return /^[\w.~/+-]+$/.test(line);
}
