import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const MAIN = fileURLToPath(new URL("../../chaos/main.ts", import.meta.url));

/** What a run of `npm run chaos` printed, and its exit code. */
export interface ChaosRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** Runs it to its end, and in any case no longer than the test. */
export async function runChaos(args: readonly string[]): Promise<ChaosRun> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  // It undoes everything then, as on Ctrl-C.
  onTestFinished(() => void child.kill("SIGINT"));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { stdout, stderr, code: await ended };
}
